package org.espalier.backend;

/**
 * How much one number of a weight matters, from the weight {@code w}, the gradient {@code g} of the loss and the mean
 * squared per-sample gradient {@code f} (LLM-Pruner, Ma et al. 2023, as its code computes it).
 */
public enum Saliency {
    /** {@code w·g}, summed with its sign over a row or column before the absolute value is taken. */
    VECTORIZE(true, false),
    /** {@code |w·g|}. */
    PARAM_FIRST(true, false),
    /** {@code |w·f·w|}. */
    PARAM_SECOND(false, true),
    /** {@code |w·g − ½·w·f·w|}. */
    PARAM_MIX(true, true),
    /** {@code |w|}. */
    L1(false, false),
    /** {@code w²}; no root is taken. */
    L2(false, false);

    private final boolean gradient;
    private final boolean fisher;

    Saliency(boolean gradient, boolean fisher) {
        this.gradient = gradient;
        this.fisher = fisher;
    }

    /** Whether the gradient is needed. */
    public boolean needsGradient() {
        return gradient;
    }

    /** Whether the mean squared per-sample gradient is needed. */
    public boolean needsFisher() {
        return fisher;
    }

    /** The saliency of one number before any absolute value. */
    public double of(double w, double g, double f) {
        return switch (this) {
            case VECTORIZE, PARAM_FIRST -> w * g;
            case PARAM_SECOND -> w * f * w;
            case PARAM_MIX -> w * g - 0.5 * w * f * w;
            case L1 -> w;
            case L2 -> w * w;
        };
    }

    /** Whether the sign is kept until a whole row or column is summed. */
    public boolean sumsBeforeAbsolute() {
        return this == VECTORIZE;
    }
}
