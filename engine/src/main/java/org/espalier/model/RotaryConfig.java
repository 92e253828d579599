package org.espalier.model;

/**
 * Frequencies of the rotary position embedding: pair {@code i} of {@code headDim / 2} turns by
 * {@code position · theta^(−2i / headDim)}, changed by the scaling.
 *
 * @param theta           base
 * @param scaling         how long contexts are reached
 * @param factor          how many times as long waves become; 1 for none
 * @param lowFrequency    LLaMA 3: waves longer than {@code originalContext / lowFrequency} become that long
 * @param highFrequency   LLaMA 3: waves shorter than {@code originalContext / highFrequency} stay
 * @param originalContext LLaMA 3: context the model was first trained with
 */
public record RotaryConfig(
        double theta,
        Scaling scaling,
        double factor,
        double lowFrequency,
        double highFrequency,
        double originalContext) {

    /** Ways to reach long contexts. */
    public enum Scaling {
        /** Frequencies as the base gives them. */
        DEFAULT,
        /** All frequencies over the factor: position interpolation (Chen et al. 2023). */
        LINEAR,
        /** Low frequencies over the factor, high ones as they are, blended between: the rule of LLaMA 3.1. */
        LLAMA3
    }

    /** Without scaling. */
    public static RotaryConfig plain(double theta) {
        return new RotaryConfig(theta, Scaling.DEFAULT, 1, 1, 4, 8192);
    }

    /** The angle per position of each pair, {@code headDim / 2} numbers. */
    public double[] frequencies(int headDim) {
        double[] frequencies = new double[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            double plain = StrictMath.pow(theta, -2.0 * i / headDim);
            frequencies[i] = switch (scaling) {
                case DEFAULT -> plain;
                case LINEAR -> plain / factor;
                case LLAMA3 -> llama3(plain);
            };
        }
        return frequencies;
    }

    /** The rule of LLaMA 3.1: keep short waves, lengthen long ones, blend between. */
    private double llama3(double frequency) {
        double turns = originalContext * frequency / (2 * Math.PI);
        if (turns < lowFrequency) {
            return frequency / factor;
        }
        if (turns > highFrequency) {
            return frequency;
        }
        double keep = (turns - lowFrequency) / (highFrequency - lowFrequency);
        return (1 - keep) * frequency / factor + keep * frequency;
    }

    /**
     * Cosines, then sines, of positions 0 to {@code positions − 1}: {@code [positions, 2, headDim / 2]} row-major.
     */
    public double[] table(int positions, int headDim) {
        double[] frequencies = frequencies(headDim);
        int half = frequencies.length;
        double[] table = new double[Math.multiplyExact(positions, headDim)];
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < half; i++) {
                double angle = p * frequencies[i];
                table[p * headDim + i] = StrictMath.cos(angle);
                table[p * headDim + half + i] = StrictMath.sin(angle);
            }
        }
        return table;
    }
}
