package org.espalier.model;

import java.util.List;
import java.util.OptionalInt;

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
     * @param beyond   what holds for the whole of a longer text instead; null where the divisors hold for all
     */
    public record Divided(List<Double> divisors, double length, Beyond beyond) {

        public Divided {
            divisors = List.copyOf(divisors);
        }
    }

    /**
     * Other divisors for every position of a text that is longer than the context a model was first trained with.
     *
     * @param context  tokens for which the usual divisors hold
     * @param divisors of frequencies, {@code headDim / 2}
     */
    public record Beyond(int context, List<Double> divisors) {

        public Beyond {
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

    /** Tokens beyond which every position of a text turns otherwise; none where it never does. */
    public OptionalInt switchesBeyond() {
        return divided == null || divided.beyond() == null
                ? OptionalInt.empty()
                : OptionalInt.of(divided.beyond().context());
    }

    /** Rows of {@link #table} for each position: a second one where longer texts turn otherwise. */
    public int rowsForEach() {
        return switchesBeyond().isPresent() ? 2 : 1;
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

    /** As above, in texts beyond the context for which the usual divisors hold. */
    private double[] frequenciesBeyond(int headDim) {
        double[] frequencies = new double[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = StrictMath.pow(theta, -2.0 * i / headDim)
                    / divided.beyond().divisors().get(i);
        }
        return frequencies;
    }

    /**
     * Cosines, then sines, of positions from 0 on: {@code [rows, 2, headDim / 2]} row-major; all times the length that what is
     * rotated gets. Where longer texts turn otherwise, the row for these follows that of each position.
     */
    public double[] table(int rows, int headDim) {
        int each = rowsForEach();
        double[][] frequencies = each == 1
                ? new double[][] {frequencies(headDim)}
                : new double[][] {frequencies(headDim), frequenciesBeyond(headDim)};
        double length = divided == null ? 1 : divided.length();
        int half = headDim / 2;
        double[] table = new double[Math.multiplyExact(rows, headDim)];
        for (int row = 0; row < rows; row++) {
            int position = row / each;
            for (int i = 0; i < half; i++) {
                double angle = position * frequencies[row % each][i];
                table[row * headDim + i] = length * StrictMath.cos(angle);
                table[row * headDim + half + i] = length * StrictMath.sin(angle);
            }
        }
        return table;
    }
}
