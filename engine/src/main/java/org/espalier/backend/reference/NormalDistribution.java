package org.espalier.backend.reference;

/** The standard normal distribution. */
final class NormalDistribution {

    /** From here on the tail is computed itself, so that it does not vanish in a difference. */
    private static final double FAR = 1.5;
    /** Steps of the tail's continued fraction, as many as float64 needs at {@link #FAR}. */
    private static final int STEPS = 200;
    /** Terms of the series, more than float64 needs up to {@link #FAR}. */
    private static final int TERMS = 30;

    private NormalDistribution() {}

    /** {@code e^(−x²/2) / √(2π)}. */
    static double density(double x) {
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    /** {@code Φ(x)}, the integral of {@link #density} up to {@code x}; what is small is relatively as exact. */
    static double cumulative(double x) {
        if (x < -FAR) {
            return tail(-x);
        }
        return x > FAR ? 1 - tail(x) : 0.5 + central(x);
    }

    /**
     * {@code Φ(x) − 1/2 = density(x) Σ_k x^(2k+1) / (1 · 3 · 5 ⋯ (2k+1))}: terms of one sign (Abramowitz and Stegun
     * 26.2.11).
     */
    private static double central(double x) {
        double term = x;
        double sum = 0;
        for (int k = 1; k <= TERMS; k++) {
            sum += term;
            term *= x * x / (2 * k + 1);
        }
        return sum * density(x);
    }

    /** {@code 1 − Φ(x) = density(x) / (x + 1 / (x + 2 / (x + 3 / ⋯)))} for {@code x > 0} (26.2.14). */
    private static double tail(double x) {
        double fraction = x;
        for (int k = STEPS; k >= 1; k--) {
            fraction = x + k / fraction;
        }
        return density(x) / fraction;
    }
}
