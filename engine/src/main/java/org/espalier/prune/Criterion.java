package org.espalier.prune;

import org.espalier.backend.Saliency;

/** How units are scored. Names are those of LLM-Pruner. */
public enum Criterion {
    VECTORIZE(Saliency.VECTORIZE), PARAM_FIRST(Saliency.PARAM_FIRST), L1(Saliency.L1), L2(Saliency.L2), RANDOM(null);

    private final Saliency saliency;

    Criterion(Saliency saliency) {
        this.saliency = saliency;
    }

    /** How a number of a weight is scored, or null if units are scored without looking at weights. */
    Saliency saliency() {
        return saliency;
    }

    /** Whether a backward pass over calibration data is needed. */
    public boolean needsCalibration() {
        return saliency != null && saliency.needsGradient();
    }

    /** LLM-Pruner's: the sum for Taylor criteria, the mean for magnitudes. */
    public Aggregate defaultAggregate() {
        return needsCalibration() ? Aggregate.SUM : Aggregate.MEAN;
    }
}
