package jot.loading;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import jot.tensor.Workers;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WeightConversionTest {

    @ParameterizedTest
    @CsvSource({"1, 1, 4", "3, 31, 4", "1025, 33, 4", "2049, 70, 4", "1, 1, 2", "3, 33, 2", "1025, 64, 2", "2050, 97, 2"})
    void aMatrixIsTransposedWithItsRowsInOrder(int rows, int columns, int bytes) {
        List<Integer> shuffled = new ArrayList<>(IntStream.range(0, columns).boxed().toList());
        Collections.shuffle(shuffled, new Random(columns));
        int[] order = shuffled.stream().mapToInt(Integer::intValue).toArray();
        try (Workers workers = new Workers(2, "test"); Arena memory = Arena.ofShared()) {
            MemorySegment stored = memory.allocate((long) rows * columns * bytes);
            for (int i = 0; i < rows * columns; i++) {
                put(stored, i, bytes, i * 31 + 7);
            }
            WeightConversion conversion = new WeightConversion(workers, memory);
            MemorySegment plain = conversion.transpose(stored, rows, columns, bytes, new int[0]);
            MemorySegment ordered = conversion.transpose(stored, rows, columns, bytes, order);
            for (int column = 0; column < columns; column++) {
                for (int row = 0; row < rows; row++) {
                    int to = column * rows + row;
                    assertEquals(get(stored, row * columns + column, bytes), get(plain, to, bytes));
                    assertEquals(get(stored, row * columns + order[column], bytes), get(ordered, to, bytes));
                }
            }
        }
    }

    private static void put(MemorySegment memory, long index, int bytes, int value) {
        if (bytes == 4) {
            memory.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, index, value);
        } else {
            memory.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, index, (short) value);
        }
    }

    private static int get(MemorySegment memory, long index, int bytes) {
        return bytes == 4 ? memory.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, index)
                : memory.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, index);
    }
}
