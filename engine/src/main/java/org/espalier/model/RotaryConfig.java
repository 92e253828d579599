package org.espalier.model;

import java.util.List;

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
 * @param divided         what each pair's frequency is over, and how much longer what is rotated becomes; null where the
 *                        scaling has a rule
 */
public record RotaryConfig(
        double theta,
        Scaling scaling,
        double factor,
        double lowFrequency,
        double highFrequency,
        double originalContext,
        Divided divided) {

    /**
     * A number for each pair.
     *
     * @param divisors of frequencies, {@code headDim / 2}
     * @param length   of what is rotated, times what it was
     */
    public record Divided(List<Double> divisors, double length) {

        public Divided {
            divisors = List.copyOf(divisors);
        }
    }

    /** A scaling with a rule. */
    public RotaryConfig(
            double theta,
            Scaling scaling,
            double factor,
            double lowFrequency,
            double highFrequency,
            double originalContext) {
        this(theta, scaling, factor, lowFrequency, highFrequency, originalContext, null);
    }

    /** Ways to reach long contexts. */
    public enum Scaling {
        /** Frequencies as the base gives them. */
        DEFAULT,
        /** All frequencies over the factor: position interpolation (Chen et al. 2023). */
        LINEAR,
        /** Low frequencies over the factor, high ones as they are, blended between: the rule of LLaMA 3.1. */
        LLAMA3,
        /** Each frequency over a number of its own: YaRN (Peng et al. 2023) and LongRoPE (Ding et al. 2024). */
        DIVIDED
    }

    /** Without scaling. */
    public static RotaryConfig plain(double theta) {
        return new RotaryConfig(theta, Scaling.DEFAULT, 1, 1, 4, 8192);
    }

    /** Each frequency over a number of its own. */
    public static RotaryConfig divided(double theta, Divided divided) {
        return new RotaryConfig(theta, Scaling.DIVIDED, 1, 1, 4, 8192, divided);
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
                case DIVIDED -> plain / divided.divisors().get(i);
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
     * Cosines, then sines, of positions 0 to {@code positions − 1}: {@code [positions, 2, headDim / 2]} row-major; all times the
     * length that what is rotated gets.
     */
    public double[] table(int positions, int headDim) {
        double[] frequencies = frequencies(headDim);
        double length = divided == null ? 1 : divided.length();
        int half = frequencies.length;
        double[] table = new double[Math.multiplyExact(positions, headDim)];
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < half; i++) {
                double angle = p * frequencies[i];
                table[p * headDim + i] = length * StrictMath.cos(angle);
                table[p * headDim + half + i] = length * StrictMath.sin(angle);
            }
        }
        return table;
    }
}
