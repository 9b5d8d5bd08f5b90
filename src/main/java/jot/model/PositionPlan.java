package jot.model;

/** Positions that are added to the embedding; rotary and ALiBi positions belong to attention instead. */
public sealed interface PositionPlan {

    /** Nothing is added. */
    record None() implements PositionPlan {
    }

    /**
     * A learned vector for each position (GPT-1, GPT-2).
     *
     * @param rows rows of the table
     * @param offset row of position 0 (2 in OPT)
     */
    record Learned(int rows, int offset) implements PositionPlan {
    }

    /**
     * Sines and cosines of position / 10000^(2i/width) (Vaswani et al. 2017, section 3.5).
     *
     * @param rows positions, the offset counted
     * @param offset row of position 0
     * @param layout where sines and cosines stand
     */
    record Sinusoidal(int rows, int offset, Layout layout) implements PositionPlan {

        /** Order of the channels of a sinusoidal table: all sines first, then all cosines. */
        public enum Layout {
            /** Frequencies 10000^(−2i/width), as CTRL has them. */
            CTRL,
            /** Frequencies 10000^(−i/(width/2 − 1)), as fairseq and XGLM have them. */
            FAIRSEQ
        }

        /** Angle per row of each channel pair, {@code [width/2]} in radians. */
        public float[] frequencies(int width) {
            float[] frequencies = new float[width / 2];
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] = (float) StrictMath.pow(10_000, -(double) i / switch (layout) {
                    case CTRL -> frequencies.length;
                    case FAIRSEQ -> frequencies.length - 1;
                });
            }
            return frequencies;
        }
    }
}
