package jot.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PickleReaderTest {

    private static Object read(byte[] pickle) throws CheckpointFormatException {
        return read("pickle", pickle);
    }

    private static Object read(String what, byte[] pickle) throws CheckpointFormatException {
        return new PickleReader(Path.of("f"), what, pickle, 0, new TorchObjects()).read();
    }

    private static String refusal(byte[] pickle) {
        CheckpointFormatException refused = assertThrows(CheckpointFormatException.class, () -> read(pickle));
        assertTrue(refused.place().startsWith("pickle, byte "), refused.getMessage());
        return refused.found();
    }

    private static PickleBytes pickle() {
        return PickleBytes.protocol(2);
    }

    // ---- values ----

    static Stream<Arguments> values() {
        return Stream.of(
                Arguments.of(pickle().raw('N'), PickleReader.None.NONE),
                Arguments.of(pickle().raw(0x88), true),
                Arguments.of(pickle().raw(0x89), false),
                Arguments.of(pickle().raw('K', 200), 200L),
                Arguments.of(pickle().raw('M', 0xFF, 0xFF), 65535L),
                Arguments.of(pickle().raw('J').littleEndian(-5, 4), -5L),
                Arguments.of(pickle().raw(0x8A, 0), 0L),
                Arguments.of(pickle().raw(0x8A, 1, 0xFF), -1L),
                Arguments.of(pickle().raw(0x8A, 8).littleEndian(Long.MIN_VALUE, 8), Long.MIN_VALUE),
                Arguments.of(pickle().raw(0x8A, 9).littleEndian(-1, 8).raw(0), BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE)),
                Arguments.of(pickle().raw(0x8B).littleEndian(2, 4).raw(0, 1), 256L),
                Arguments.of(pickle().raw('G', 0x3F, 0xF8, 0, 0, 0, 0, 0, 0), 1.5),
                Arguments.of(pickle().text("é😀"), "é😀"),
                Arguments.of(pickle().raw('U', 2).raw("ab"), "ab"),
                Arguments.of(pickle().raw('T').littleEndian(2, 4).raw("ab"), "ab"),
                Arguments.of(PickleBytes.protocol(4).raw(0x95).littleEndian(4, 8).raw(0x8C, 1, 'x'), "x"),
                Arguments.of(PickleBytes.protocol(4).raw(0x8D).littleEndian(1, 8).raw('x'), "x"),
                Arguments.of(pickle().raw("K\1K\2" + "0"), 1L),
                Arguments.of(pickle().raw("K\1(K\2K\3" + "1"), 1L));
    }

    @ParameterizedTest
    @MethodSource("values")
    void readsValues(PickleBytes pickle, Object expected) throws CheckpointFormatException {
        assertEquals(expected, read(pickle.stop()));
    }

    @ParameterizedTest
    @ValueSource(strings = {")", "]", "(t", "K\1\u0085", "K\1K\2\u0086", "K\1K\2K\3\u0087", "(K\1K\2K\3t", "]K\1a", "](K\1K\2e", "(K\1l",
        "\u008F(K\1\u0090", "(K\1\u0091"})
    void readsSequences(String instructions) throws CheckpointFormatException {
        List<Object> items = assertInstanceOf(PickleReader.Sequence.class, read(pickle().raw(instructions).stop())).items();
        List<Long> expected = List.of(1L, 2L, 3L);
        assertEquals(expected.subList(0, items.size()), items);
        assertEquals(instructions.chars().filter(c -> c == 'K').count(), items.size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"}", "}K\1Ns", "}(K\1NK\2Nu", "(K\1NK\2Nd", "}K\1Ns}K\3Nsb",
        "ccollections\nOrderedDict\n)R", "ccollections\nOrderedDict\n)\u0081"})
    void readsDictionaries(String instructions) throws CheckpointFormatException {
        PickleReader.Dictionary dictionary = assertInstanceOf(PickleReader.Dictionary.class, read(pickle().raw(instructions).stop()));
        assertEquals(List.of(1L, 2L).subList(0, dictionary.items().size()), List.copyOf(dictionary.items().keySet()));
    }

    @Test
    void readsDictionariesOfPairsAndEncodedBytes() throws CheckpointFormatException {
        Object dictionary = read(pickle().global("collections", "OrderedDict").raw("(](").text("a").raw("K\1\u0086").text("b")
                .raw("K\2\u0086etR").stop());
        assertEquals("{a=1, b=2}", ((PickleReader.Dictionary) dictionary).items().toString());
        Object bytes = read(pickle().global("_codecs", "encode").mark().text("abc").text("latin1").raw("tR").stop());
        assertEquals(3, ((PickleReader.Bytes) bytes).length());
        assertEquals(2, ((PickleReader.Bytes) read(PickleBytes.protocol(3).raw("C\2ab").stop())).length());
        assertEquals(2, ((PickleReader.Bytes) read(PickleBytes.protocol(5).raw(0x96).littleEndian(2, 8).raw("ab").stop())).length());
    }

    @Test
    void remembersValues() throws CheckpointFormatException {
        List<Object> items = ((PickleReader.Sequence) read(pickle().raw("(").text("a").raw("q\0h\0t").stop())).items();
        assertSame(items.get(0), items.get(1));
        byte[] memoized = PickleBytes.protocol(4).raw("(").text("a").raw(0x94).text("b").raw(0x94).raw("h\1j\0\0\0\0t").stop();
        items = ((PickleReader.Sequence) read(memoized)).items();
        assertEquals(List.of("a", "b", "b", "a"), items);
        Object pair = read(PickleBytes.protocol(4).text("collections").text("OrderedDict").raw(0x93, ')', 'R').stop());
        assertInstanceOf(PickleReader.Dictionary.class, pair);
    }

    // ---- refusals ----

    @ParameterizedTest
    @CsvSource({"os, system", "posix, system", "builtins, eval", "__builtin__, exec", "builtins, getattr", "torch, load",
        "torch.storage, _load_from_bytes", "subprocess, Popen", "torch.hub, load", "numpy.core.multiarray, scalar",
        "torch._utils, _rebuild_qtensor", "torch, ComplexDoubleStorage",
        "collections, Counter", "torch.nn.modules.linear, Linear", "'', ''"})
    void refusesEveryOtherNameByName(String module, String name) {
        String expected = "a reference to \"" + module + "." + name + "\"";
        assertEquals(expected, refusal(pickle().global(module, name).raw(')', 'R').stop()));
        assertEquals(expected, refusal(PickleBytes.protocol(4).text(module).text(name).raw(0x93).stop()));
        assertEquals(expected, refusal(pickle().text("rm").global(module, name).stop()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "i           | ~(ios\nsystem\n~",
        "o           | ~(ccollections\nOrderedDict\no~",
        "I           | ~I01\n~",
        "L           | ~L5L\n~",
        "F           | ~F1.5\n~",
        "S           | ~S'x'\n~",
        "V           | ~Vx\n~",
        "P           | ~P1\n~",
        "g           | ~g0\n~",
        "p           | ~Np0\n~",
        "82          | ~\u0082\1~",
        "83          | ~\u0083\1\1~",
        "84          | ~\u0084\1\1\1\1~",
        "92          | ~ccollections\nOrderedDict\n)}\u0092~",
        "97          | ~\u0097~",
        "98          | ~\u0098~",
        "ff          | ~\u00ff~"})
    void refusesOtherInstructions(String code, String instructions) {
        String expected = "0x" + (code.length() == 1 ? Integer.toHexString(code.charAt(0)) : code);
        assertEquals(expected, refusal(pickle().raw(instructions).stop()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "1", "2", "t", "a", "e", "s", "u", "R", "b", "Q", "q\0", "\u0085", "h\0", "j\0\0\0\0",
        "j\u00ff\u00ff\u00ff\u00ff", "(0", "(2", "(a", "(q\0", "N(\u0085", "NNa", "]N\u0086(NNu", "}(Nu", "}(]Nu", "}()Nu",
        "}(K\1NK\1Nu", "N)R", "K\1)R", "}N}b", "N}b", "}Nb", "ctorch\nFloatStorage\n)R", "ccollections\nOrderedDict\nNR",
        "ccollections\nOrderedDict\n(NtR", "ccollections\nOrderedDict\n(](Netq\0R", "K", "M\1", "J\1\1\1", "G\0", "X\5\0\0\0ab",
        "X\u00ff\u00ff\u00ff\u00ff", "X\u00ff\u00ff\u00ff\u007f", "X\1\0\0\0\u00ff", "U\5a", "C\5a",
        "\u008D\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff", "\u008E\0\0\0\0\1\0\0\0", "\u008A\5a",
        "\u008B\u00ff\u00ff\u00ff\u007f", "\u0095\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f", "ccollections",
        "ccollections\nOrderedDict", "c\u00ff\nx\n", "NN\u0093", "Nr\u00ff\u00ff\u00ff\u007f", "(NtQ", "NQ", "\u0080\6", "\u0080\1",
        ")Na", "K\1\u0085Na"})
    void refusesBrokenPickles(String instructions) {
        refusal(pickle().raw(instructions).stop());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 6, 255})
    void refusesOtherProtocols(int version) {
        assertEquals(Integer.toString(version), refusal(PickleBytes.protocol(version).raw('N').stop()));
    }

    @Test
    void saysWhere() {
        CheckpointFormatException refused = assertThrows(CheckpointFormatException.class,
                () -> read("data.pkl", pickle().raw('N').global("os", "system").stop()));
        assertEquals("f: data.pkl, byte 3: expected only names of tensors and containers, found a reference to \"os.system\"",
                refused.getMessage());
    }

    @Test
    void refusesAPickleWithoutStop() {
        byte[] whole = pickle().raw("]".repeat(100_000)).stop();
        assertEquals("0 to the end", refusal(Arrays.copyOf(whole, whole.length - 1)));
        assertEquals("0 to the end", refusal(new byte[0]));
    }

    @Test
    void bearsNestingCyclesAndSharing() {
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> {
            read(pickle().raw("]".repeat(1_000_000) + "a".repeat(999_999)).stop());
            read(pickle().raw("(".repeat(1_000_000) + "t".repeat(1_000_000)).stop());
            read(pickle().raw("]q\0h\0a").stop());
            read(pickle().raw("}q\0K\1h\0s").stop());
            read(pickle().raw("]q\0" + "h\0h\0h\0\u0087q\0".repeat(200_000)).stop());
        });
    }

    @Test
    void aListOfPairsServesOnce() {
        byte[] again = pickle().raw("](").text("a").raw("K\1\u0086eq\0")
                .global("collections", "OrderedDict").raw("q\1h\0\u0085Rh\1h\0\u0085R").stop();
        assertEquals("a second use of them", refusal(again));
    }
}
