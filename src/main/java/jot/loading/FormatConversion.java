package jot.loading;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;

import jot.tensor.Matrix;
import jot.tensor.Quantizer;
import jot.tensor.WeightFormat;
import jot.tensor.Workers;

/**
 * Holds matrices in another format than the file does, converted on all workers while loading.
 *
 * <p>Formats of codes, as experts in MXFP4 have, stay as they are: to round them again would only lose.
 */
final class FormatConversion {

    private static final int ROWS = 16;

    private final WeightFormat format;
    private final Workers workers;
    private final SegmentAllocator memory;

    /**
     * Converts to a format.
     *
     * @param format F32, F16, BF16, Q8 or Q4
     * @param memory gives the memory that the matrices will live in
     */
    FormatConversion(WeightFormat format, Workers workers, SegmentAllocator memory) {
        this.format = format;
        this.workers = workers;
        this.memory = memory;
    }

    /**
     * The same numbers in the format, as near as it gets.
     *
     * @param passing ends soon: a matrix that lives in it is copied even if it has the format
     */
    Matrix convert(Matrix source, MemorySegment.Scope passing) {
        if (source.format() instanceof WeightFormat.Coded || source.format().equals(format) && !source.endsWith(passing)) {
            return source;
        }
        Quantizer quantizer = new Quantizer(format, source.outputs(), source.inputs(), memory);
        workers.run(() -> workers.forEach((worker, from, to) -> {
            float[] row = new float[source.inputs()];
            for (int output = from; output < to; output++) {
                source.row(output, row, 0);
                quantizer.row(output, row, 0);
            }
        }, source.outputs(), ROWS));
        return quantizer.matrix();
    }
}
