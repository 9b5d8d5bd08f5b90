package jot.loading;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

import jot.checkpoint.CheckpointFormatException;
import jot.checkpoint.DataType;
import jot.checkpoint.Tensor;
import jot.tensor.Matrix;
import jot.tensor.WeightFormat;

/**
 * Experts in MXFP4 (OCP Microscaling Formats 1.0): groups of 32 inputs with four bits each and a power of two as their scale.
 *
 * <p>In the file a byte holds two neighbouring inputs, the lower in its low half; in memory, where the codes stay packed, it holds inputs
 * j and j + 16 of a group.
 */
final class PackedExperts {

    private static final int GROUP = WeightFormat.Coded.GROUP;
    private static final int GROUP_BYTES = GROUP / 2;
    private static final int NOT_A_NUMBER = 255;
    private static final int SCALE_BIAS = 127;
    /** The low half of each byte. */
    private static final long LOW_HALVES = 0x0F0F0F0F0F0F0F0FL;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final WeightConversion conversion;
    private final Tensor blocks;
    private final Tensor scales;
    private final int experts;
    private final int outputs;
    private final int inputs;
    private final int groups;

    /** The tensors {@code NAME_blocks [experts][outputs][inputs/32][16]} and {@code NAME_scales [experts][outputs][inputs/32]}. */
    PackedExperts(WeightReader weights, String name, int experts, int outputs, int inputs) throws CheckpointFormatException {
        this.conversion = weights.conversion();
        this.experts = experts;
        this.outputs = outputs;
        this.inputs = inputs;
        this.groups = (inputs + GROUP - 1) / GROUP;
        this.blocks = bytes(weights.takeRaw(name + "_blocks", experts, outputs, groups, GROUP_BYTES));
        this.scales = bytes(weights.takeRaw(name + "_scales", experts, outputs, groups));
        if (inputs % GROUP != 0) {
            throw new CheckpointFormatException(blocks.file(), blocks.name(), "inputs in whole groups of " + GROUP, inputs + " inputs");
        }
    }

    private static Tensor bytes(Tensor tensor) throws CheckpointFormatException {
        if (tensor.dataType() != DataType.U8) {
            throw new CheckpointFormatException(tensor.file(), tensor.name(), "MXFP4 as U8", tensor.dataType().toString());
        }
        return tensor;
    }

    /**
     * A packed matrix {@code [outputs][inputs]} for each expert, row i of which is the stored output {@code order[i]}; none where only
     * headers are read.
     */
    List<Matrix> matrices(int[] order) throws CheckpointFormatException {
        if (!conversion.readsValues()) {
            return List.of();
        }
        long codeBytes = (long) outputs * groups * GROUP_BYTES;
        long scaleBytes = (long) outputs * groups * Float.BYTES;
        MemorySegment codes = conversion.allocate(experts * codeBytes);
        MemorySegment factors = conversion.allocate(experts * scaleBytes);
        AtomicBoolean damaged = new AtomicBoolean();
        conversion.forEach((worker, from, to) -> {
            for (int expert = from; expert < to; expert++) {
                repack(expert, order, codes);
                if (!widenScales(expert, order, factors)) {
                    damaged.set(true);
                }
            }
        }, experts);
        if (damaged.get()) {
            throw new CheckpointFormatException(scales.file(), scales.name(), "powers of two", "a scale that is not a number");
        }
        blocks.release();
        scales.release();
        List<Matrix> matrices = new ArrayList<>();
        for (int expert = 0; expert < experts; expert++) {
            matrices.add(Matrix.coded((WeightFormat.Coded) WeightFormat.MXFP4, codes.asSlice(expert * codeBytes, codeBytes),
                    factors.asSlice(expert * scaleBytes, scaleBytes), null, outputs, inputs));
        }
        return matrices;
    }

    private void repack(int expert, int[] order, MemorySegment codes) {
        MemorySegment stored = blocks.data();
        for (int row = 0; row < outputs; row++) {
            long from = ((long) expert * outputs + order[row]) * groups * GROUP_BYTES;
            long to = ((long) expert * outputs + row) * groups * GROUP_BYTES;
            for (int group = 0; group < groups; group++, from += GROUP_BYTES, to += GROUP_BYTES) {
                long lower = stored.get(LONG, from);                    // inputs 0 … 15
                long upper = stored.get(LONG, from + Long.BYTES);       // inputs 16 … 31
                codes.set(LONG, to, Long.expand(lower, LOW_HALVES) | Long.expand(upper, LOW_HALVES) << 4);
                codes.set(LONG, to + Long.BYTES, Long.expand(lower >>> 32, LOW_HALVES) | Long.expand(upper >>> 32, LOW_HALVES) << 4);
            }
        }
    }

    /** Scales as floats; returns false if one is not a number. */
    private boolean widenScales(int expert, int[] order, MemorySegment factors) {
        MemorySegment stored = scales.data();
        boolean numbers = true;
        for (int row = 0; row < outputs; row++) {
            long from = ((long) expert * outputs + order[row]) * groups;
            long to = ((long) expert * outputs + row) * groups;
            for (int group = 0; group < groups; group++) {
                int exponent = Byte.toUnsignedInt(stored.get(ValueLayout.JAVA_BYTE, from + group));
                numbers &= exponent != NOT_A_NUMBER;
                factors.set(FLOAT, (to + group) * Float.BYTES, Math.scalb(1f, exponent - SCALE_BIAS));
            }
        }
        return numbers;
    }
}
