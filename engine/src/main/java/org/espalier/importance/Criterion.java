package org.espalier.importance;

import java.util.Locale;
import org.espalier.backend.Saliency;

/**
 * How units are scored. Unless said otherwise names and formulas are those of LLM-Pruner's code (Ma et al. 2023): with a
 * weight {@code w}, the gradient {@code g} of the loss of all N sequences and the gradients {@code g_j} of each sequence's
 * own mean loss.
 */
public enum Criterion {
    /** {@code |Σ w·g|} over a row or column. */
    VECTORIZE(Saliency.VECTORIZE, Source.VECTORS),
    /** {@code Σ |w·g|}. */
    PARAM_FIRST(Saliency.PARAM_FIRST, Source.GRADIENTS),
    /** {@code Σ |w·f·w|} with {@code f = (1/N) Σ_j g_j²}. */
    PARAM_SECOND(Saliency.PARAM_SECOND, Source.GRADIENTS),
    /** {@code Σ |w·g − ½·w·f·w|} with {@code f = (1/N) Σ_j g_j²}. */
    PARAM_MIX(Saliency.PARAM_MIX, Source.GRADIENTS),
    /** {@link #PARAM_SECOND} with the paper's {@code f = Σ_j g_j²}, which its code divides by N: the same order of units. */
    PARAM_SECOND_SUM(Saliency.PARAM_SECOND, Source.GRADIENTS),
    /** {@link #PARAM_MIX} with the paper's {@code f = Σ_j g_j²}: the second term weighs N times as much. */
    PARAM_MIX_SUM(Saliency.PARAM_MIX, Source.GRADIENTS),
    /** {@code Σ |w|}. */
    L1(Saliency.L1, Source.WEIGHTS),
    /** {@code Σ w²}; no root is taken. */
    L2(Saliency.L2, Source.WEIGHTS),
    /** {@code Σ |w|·‖x‖₂} with the input {@code x} that meets the weight (Sun et al. 2023), over all members of a group. */
    WANDA(Saliency.L1, Source.INPUTS),
    /**
     * How much the inputs of the layer that reads a unit fluctuate, times that layer's squared weights; standardised in each
     * group (An et al. 2024), so that groups compare.
     */
    FLAP(Saliency.L2, Source.INPUTS),
    /**
     * Of experts: the mean over the tokens that one is given of its factor times the norm of its output (REAP, Lasby et al.
     * 2025); 0 for one that is given none.
     */
    REAP(null, Source.OUTPUTS),
    /** Numbers drawn evenly from 0 to 1. */
    RANDOM(null, Source.NOTHING);

    /** What has to be looked at. */
    public enum Source {
        /** Neither weights nor activations. */
        NOTHING,
        /** Weights as they are stored: no pass through the model. */
        WEIGHTS,
        /** Inputs of linear layers: forwards only. */
        INPUTS,
        /** Outputs of experts: forwards only. */
        OUTPUTS,
        /** Activations and their gradients: forwards and backwards, but no weight's gradient. */
        VECTORS,
        /** Gradients of weights. */
        GRADIENTS
    }

    private final Saliency saliency;
    private final Source source;

    Criterion(Saliency saliency, Source source) {
        this.saliency = saliency;
        this.source = source;
    }

    /** How a number of a weight is scored, or null if units are scored without looking at weights. */
    public Saliency saliency() {
        return saliency;
    }

    /** What has to be looked at, which says what scoring costs. */
    public Source source() {
        return source;
    }

    /** Whether it scores experts and nothing else. */
    public boolean ofExpertsOnly() {
        return source == Source.OUTPUTS;
    }

    /** Whether squared gradients of sequences are summed, not averaged. */
    public boolean sumsSquares() {
        return this == PARAM_SECOND_SUM || this == PARAM_MIX_SUM;
    }

    /** Whether scores of different groups compare as they are, negative ones included. */
    public boolean standardised() {
        return this == FLAP;
    }

    /** Whether calibration data is needed. */
    public boolean needsCalibration() {
        return source.compareTo(Source.INPUTS) >= 0;
    }

    /** LLM-Pruner's: the sum for Taylor criteria, the mean for magnitudes. */
    public Aggregate defaultAggregate() {
        return needsCalibration() && !standardised() ? Aggregate.SUM : Aggregate.MEAN;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
