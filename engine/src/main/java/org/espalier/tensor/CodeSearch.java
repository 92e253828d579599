package org.espalier.tensor;

import java.util.Arrays;

/**
 * Looks for scale and minimum of a part of a block: those that leave the least {@code Σ w (x − x̂)²} with the codes that are then
 * nearest. Some scales around the one that just holds the largest number are tried, for each set of codes that they give the best
 * scale and minimum are computed in closed form, and the best of these is improved in turns.
 */
final class CodeSearch {

    /** Steps to either side of the scale that just holds the largest number, a tenth of a code each. */
    private static final int STEPS = 10;

    private static final float STEP = 0.1f;
    private static final int TURNS = 3;
    private static final double ROUNDED = 1e-12;
    private static final float[] ONES = ones();

    /** Adding it leaves a float without fraction, rounded to nearest even, with the whole number in its lower bits. */
    private static final float ROUNDING = 12582912f;

    private static final int ROUNDING_BITS = Float.floatToRawIntBits(ROUNDING);

    private final float[] x;
    private final float[] weights;
    private final int offset;

    private float scale;
    private float minimum;
    private double gain;

    private CodeSearch(float[] x, float[] weights, int offset) {
        this.x = x;
        this.weights = weights;
        this.offset = offset;
    }

    /**
     * Numbers to be encoded.
     *
     * @param weights what a squared error counts, by the same places as the numbers less {@code offset}; null for 1
     * @param offset  of the row that the weights are of
     */
    static CodeSearch of(float[] x, float[] weights, int offset) {
        return new CodeSearch(x, weights, offset);
    }

    private float[] weights() {
        return weights == null ? ONES : weights;
    }

    /** Where the weights of numbers from {@code at} begin. */
    private int weightAt(int at) {
        return weights == null ? 0 : at - offset;
    }

    /** The nearest code from {@code least} to {@code most}. */
    static int code(float number, int least, int most) {
        float bounded = Math.max(least, Math.min(most, number));
        return Float.floatToRawIntBits(bounded + ROUNDING) - ROUNDING_BITS;
    }

    /** The scale of {@code x ≈ scale · code}, codes being from {@code -half} to {@code half - 1}; 0 for numbers that are all 0. */
    float symmetric(int at, int count, int half) {
        float farthest = 0;
        for (int i = at; i < at + count; i++) {
            farthest = Math.abs(x[i]) > Math.abs(farthest) ? x[i] : farthest;
        }
        scale = 0;
        gain = 0;
        if (farthest == 0) {
            return 0;
        }
        for (int step = -STEPS; step <= STEPS; step++) {
            trySymmetric(at, count, half, -(half + STEP * step) / farthest);
            trySymmetric(at, count, half, (half - 1 + STEP * step) / farthest);
        }
        for (int turn = 0; turn < TURNS && scale != 0 && trySymmetric(at, count, half, 1 / scale); turn++) {}
        return scale;
    }

    /** Whether it is better than what was tried before. */
    private boolean trySymmetric(int at, int count, int half, float inverse) {
        float[] w = weights();
        int shift = weightAt(at) - at;
        double xl = 0;
        double ll = 0;
        for (int i = at; i < at + count; i++) {
            float code = code(x[i] * inverse, -half, half - 1);
            double weighted = w[i + shift] * code;
            xl += weighted * x[i];
            ll += weighted * code;
        }
        // The error is Σ w x² − (Σ w x l)² / Σ w l².
        if (ll > 0 && xl * xl > gain * ll) {
            gain = xl * xl / ll;
            scale = (float) (xl / ll);
            return true;
        }
        return false;
    }

    /**
     * Scale and minimum of {@code x ≈ scale · code + minimum}, codes being from 0 to {@code most}.
     *
     * @param any whether the minimum may be above 0
     */
    void affine(int at, int count, int most, boolean any) {
        float least = x[at];
        float largest = x[at];
        for (int i = at + 1; i < at + count; i++) {
            least = Math.min(least, x[i]);
            largest = Math.max(largest, x[i]);
        }
        least = any ? least : Math.min(least, 0);
        scale = 0;
        minimum = least;
        if (largest <= least) {
            return;
        }
        gain = Double.NEGATIVE_INFINITY;
        for (int step = -STEPS; step <= STEPS; step++) {
            tryAffine(at, count, most, any, (most + STEP * step) / (largest - least), least);
        }
        for (int turn = 0; turn < TURNS && scale > 0; turn++) {
            if (!tryAffine(at, count, most, any, 1 / scale, minimum)) {
                return;
            }
        }
    }

    private boolean tryAffine(int at, int count, int most, boolean any, float inverse, float from) {
        float[] w = weights();
        int shift = weightAt(at) - at;
        double sw = 0;
        double sx = 0;
        double sl = 0;
        double ll = 0;
        double xl = 0;
        for (int i = at; i < at + count; i++) {
            double weight = w[i + shift];
            double code = code((x[i] - from) * inverse, 0, most);
            sw += weight;
            sx += weight * x[i];
            sl += weight * code;
            ll += weight * code * code;
            xl += weight * code * x[i];
        }
        if (ll == 0) {
            return false;
        }
        double determinant = sw * ll - sl * sl;
        double s = (sw * xl - sx * sl) / determinant;
        double m = (ll * sx - sl * xl) / determinant;
        // Where all that counts has one code, rounding is all that is left of the determinant.
        if (determinant <= ROUNDED * sw * ll || m > 0 && !any) {
            m = 0;
            s = xl / ll;
        }
        // What the error is less than Σ w x².
        double less = 2 * s * xl + 2 * m * sx - s * s * ll - m * m * sw - 2 * s * m * sl;
        if (s > 0 && less > gain) {
            gain = less;
            scale = (float) s;
            minimum = (float) m;
            return true;
        }
        return false;
    }

    float scale() {
        return scale;
    }

    float minimum() {
        return minimum;
    }

    /** The error that is left with a scale, a minimum and the codes that are nearest then. */
    double error(int at, int count, float scale, float minimum, int least, int most) {
        float[] w = weights();
        int shift = weightAt(at) - at;
        float inverse = scale == 0 ? 0 : 1 / scale;
        double error = 0;
        for (int i = at; i < at + count; i++) {
            float code = code((x[i] - minimum) * inverse, least, most);
            float difference = scale * code + minimum - x[i];
            error += w[i + shift] * difference * difference;
        }
        return error;
    }

    /** Products of a part's numbers {@code [x·l, l·l, x, l, 1]}, weighted, with the codes that are nearest. */
    double[] moments(int at, int count, float scale, float minimum, int least, int most) {
        float[] w = weights();
        int shift = weightAt(at) - at;
        float inverse = scale == 0 ? 0 : 1 / scale;
        double[] sums = new double[5];
        for (int i = at; i < at + count; i++) {
            double weight = w[i + shift];
            double code = code((x[i] - minimum) * inverse, least, most);
            sums[0] += weight * code * x[i];
            sums[1] += weight * code * code;
            sums[2] += weight * x[i];
            sums[3] += weight * code;
            sums[4] += weight;
        }
        return sums;
    }

    private static float[] ones() {
        float[] ones = new float[256];
        Arrays.fill(ones, 1);
        return ones;
    }
}
