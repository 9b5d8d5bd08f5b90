package jot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import jot.checkpoint.Checkpoint;
import jot.checkpoint.SafetensorsWriter;
import jot.checkpoint.Tensor;
import jot.json.JsonException;
import jot.sampling.Context;
import jot.sampling.LogProbabilities;
import jot.sampling.LogitStep;
import jot.sampling.Sampler;
import jot.sampling.SamplingChain;
import jot.tokenizer.Tokenizer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Null in place of any argument of the public API, and of anything in an array or collection: told by name, never by accident. */
class NullArgumentsTest {
    private static final Path MODEL = Path.of("weights/tales");
    private static final GenerationOptions OPTIONS = GenerationOptions.greedy().withMaxTokens(1);
    private static final List<String> EXPORTED = List.of("jot", "jot.tokenizer", "jot.sampling", "jot.checkpoint");
    /** What may be null, as its documentation says. */
    private static final Set<String> NULLABLE = Set.of("CheckpointFormatException.CheckpointFormatException 4");

    private static Gpt gpt;
    private static Checkpoint checkpoint;
    private static Map<Class<?>, Object> samples;

    @BeforeAll
    static void load() throws IOException {
        gpt = Gpt.load(MODEL);
        checkpoint = Checkpoint.open(MODEL);
        SamplingChain chain = SamplingChain.builder().build();
        samples = new HashMap<>(Map.of(String.class, "a b", int[].class, new int[] {1, 2}, int[][].class, new int[][] {{1}, {2}},
                float[].class, new float[3], double[].class, new double[3], long[].class, new long[] {3}, Path.class, MODEL,
                String[].class, new String[] {"a", "b"}, Map.class, Map.of(1, 1.0)));
        samples.putAll(Map.of(GenerationOptions.class, OPTIONS, LoadOptions.class, LoadOptions.defaults(), ScoreOptions.class,
                ScoreOptions.defaults(), Consumer.class, (Consumer<Object>) piece -> { }, DoubleConsumer.class,
                (DoubleConsumer) share -> { }, Duration.class, Duration.ZERO, Cancellation.class, new Cancellation(), Choice.By.class,
                Choice.By.TOTAL, Pooling.class, Pooling.MEAN, LogitStep.class, (LogitStep) (logits, context) -> { }));
        samples.putAll(Map.of(Gpt.class, gpt, Session.class, gpt.session(), Tokenizer.class, gpt.tokenizer(), SamplingChain.class, chain,
                SamplingChain.Builder.class, SamplingChain.builder(), Sampler.class, chain.sampler(new int[] {1}, 1), Context.class,
                new Context(new int[] {1}), LogProbabilities.class, new LogProbabilities().of(new float[3])));
        samples.putAll(Map.of(Checkpoint.class, checkpoint, Tensor.class, checkpoint.tensor(checkpoint.names().iterator().next()),
                SafetensorsWriter.class, new SafetensorsWriter(), SafetensorsWriter.Values.class,
                (SafetensorsWriter.Values) index -> 0, MemorySegment.class, MemorySegment.NULL, Throwable.class, new IOException("a"),
                JsonException.class, new JsonException("a", "b", "c"), LoadOptions.Backend.class, LoadOptions.Backend.AUTO,
                LoadOptions.Weights.class, LoadOptions.Weights.AUTO, LoadOptions.WhenBusy.class, LoadOptions.WhenBusy.WAIT));
        for (Class<?> number : List.of(int.class, long.class, float.class, double.class)) {
            samples.put(number, number == int.class ? 1 : number == long.class ? 1L : number == float.class ? (Object) 1f : 1.0);
        }
        samples.put(boolean.class, true);
    }

    @AfterAll
    static void close() {
        gpt.close();
        checkpoint.close();
    }

    /** A valid value; of a list its elements follow from the method. */
    private static Object sample(Class<?> type, Executable method) {
        if (type == List.class) {
            return method.getName().equals("withBadWords") || method.getName().equals("badWords") ? List.of(new int[] {1}) : List.of();
        }
        return samples.get(type);
    }

    static Stream<Arguments> places() throws Exception {
        List<Arguments> places = new ArrayList<>();
        for (Class<?> type : publicTypes()) {
            for (Executable method : executables(type)) {
                for (int i = 0; i < method.getParameterCount(); i++) {
                    String place = type.getSimpleName() + "." + name(method) + " " + i;
                    if (!method.getParameterTypes()[i].isPrimitive() && !NULLABLE.contains(place)) {
                        places.add(Arguments.of(place + " of " + Arrays.toString(method.getParameterTypes()), method, i));
                    }
                }
            }
        }
        return places.stream();
    }

    private static String name(Executable method) {
        return method instanceof Constructor<?> ? method.getDeclaringClass().getSimpleName() : method.getName();
    }

    private static List<Class<?>> publicTypes() throws Exception {
        Path classes = ChildJvm.classes(Gpt.class);
        List<Class<?>> types = new ArrayList<>();
        for (String exported : EXPORTED) {
            try (Stream<Path> files = Files.list(classes.resolve(exported.replace('.', '/')))) {
                for (Path file : files.filter(f -> f.toString().endsWith(".class")).sorted().toList()) {
                    String simple = file.getFileName().toString().replace(".class", "");
                    Class<?> type = Class.forName(exported + "." + simple, false, Gpt.class.getClassLoader());
                    if (!simple.equals("package-info") && isPublic(type)) {
                        types.add(type);
                    }
                }
            }
        }
        return types;
    }

    private static boolean isPublic(Class<?> type) {
        return Modifier.isPublic(type.getModifiers()) && (type.getEnclosingClass() == null || isPublic(type.getEnclosingClass()));
    }

    /** What a user can call; equals takes null, and an enum's valueOf is not Jot's. */
    private static List<Executable> executables(Class<?> type) {
        return Stream.concat(Arrays.stream(type.getDeclaredConstructors()), Arrays.stream(type.getDeclaredMethods()))
                .map(Executable.class::cast).filter(method -> Modifier.isPublic(method.getModifiers()))
                .filter(method -> !method.isSynthetic() && !Modifier.isAbstract(method.getModifiers()))
                .filter(method -> !method.getName().equals("equals") && !(type.isEnum() && method.getName().equals("valueOf")))
                .sorted((a, b) -> a.toString().compareTo(b.toString())).toList();
    }

    @Test
    void thereIsSomethingToTry() throws Exception {
        List<String> names = publicTypes().stream().map(Class::getSimpleName).toList();
        assertTrue(names.containsAll(List.of("Gpt", "Session", "GenerationOptions", "Builder", "Tokenizer", "Checkpoint", "Adapter")),
                names.toString());
        assertTrue(places().count() > 100, places().count() + " places");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("places")
    void nullIsAWrongArgument(String place, Executable method, int index) throws Exception {
        for (Object wrong : wrongValues(method, index)) {
            Object[] arguments = IntStream.range(0, method.getParameterCount())
                    .mapToObj(i -> sample(method.getParameterTypes()[i], method)).toArray();
            for (int i = 0; i < arguments.length; i++) {
                assertTrue(arguments[i] != null, "no sample of " + method.getParameterTypes()[i]);
            }
            arguments[index] = wrong;
            Throwable thrown = assertThrows(InvocationTargetException.class, () -> call(method, arguments)).getCause();
            assertEquals(IllegalArgumentException.class, thrown.getClass(), thrown.toString());
            assertTrue(thrown.getMessage().matches("[\\w -]+: expected a value, found null"), thrown.getMessage());
        }
    }

    /** Null, and where the argument holds others, one that holds a null. */
    private static List<Object> wrongValues(Executable method, int index) {
        List<Object> wrong = new ArrayList<>();
        wrong.add(null);
        Class<?> type = method.getParameterTypes()[index];
        if (type == String[].class) {
            wrong.add(new String[] {"a", null});
        } else if (type == int[][].class) {
            wrong.add(new int[][] {{1}, null});
        } else if (type == List.class) {
            wrong.add(Collections.singletonList(null));
        } else if (type == Map.class) {
            wrong.add(Collections.singletonMap(1, null));
            wrong.add(Collections.singletonMap(null, 1.0));
        }
        return wrong;
    }

    private static Object call(Executable method, Object[] arguments) throws ReflectiveOperationException {
        if (method instanceof Constructor<?> constructor) {
            return constructor.newInstance(arguments);
        }
        Object receiver = Modifier.isStatic(method.getModifiers()) ? null : samples.get(method.getDeclaringClass());
        assertTrue(receiver != null || Modifier.isStatic(method.getModifiers()), "no sample of " + method.getDeclaringClass());
        return ((Method) method).invoke(receiver, arguments);
    }

    private static Arguments call(String name, org.junit.jupiter.api.function.Executable executable) {
        return Arguments.of(name, executable);
    }

    static Stream<Arguments> names() {
        return Stream.of(call("path", () -> Gpt.load(null, LoadOptions.defaults())), call("options", () -> Gpt.load(MODEL, null)),
                call("prompt", () -> gpt.generate((String) null)), call("prompt", () -> gpt.generate((int[]) null, OPTIONS)),
                call("options", () -> gpt.generate("a", null)), call("listener", () -> gpt.generate("a", OPTIONS, null)),
                call("text", () -> gpt.score((String) null)), call("text", () -> gpt.embed((String) null)),
                call("text", () -> gpt.classify((String) null)), call("tokens", () -> gpt.classify((int[]) null)),
                call("tokens", () -> gpt.classifyTokens((int[]) null)), call("choices", () -> gpt.choiceLogits(null, new int[1])),
                call("positions", () -> gpt.choiceLogits(new int[][] {{1}}, null)), call("file", () -> gpt.session(null)),
                call("continuation", () -> gpt.choose("a", "b", null)), call("file", () -> gpt.session().save(null)),
                call("tokens", () -> gpt.session().append((int[]) null)), call("text", () -> gpt.session().append((String) null)),
                call("stop", () -> OPTIONS.withStop("a", null)), call("badWords", () -> OPTIONS.withBadWords(Arrays.asList((int[]) null))),
                call("guarded", () -> GenerationOptions.defaults().withXtc(0.1, 0.5, (int[]) null)),
                call("breakers", () -> OPTIONS.withDry(1, 2, 2, 0, (int[]) null)), call("step", () -> OPTIONS.withStep(null)));
    }

    @ParameterizedTest
    @MethodSource("names")
    void theArgumentIsNamed(String name, org.junit.jupiter.api.function.Executable executable) {
        assertEquals(name + ": expected a value, found null", assertThrows(IllegalArgumentException.class, executable).getMessage());
    }
}
