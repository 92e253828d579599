package org.espalier.importance;

import java.util.Locale;

/** How whole attentions, MLPs and layers are scored. */
public enum BlockCriterion {
    /** The sum of the scores of its units. */
    UNITS(false),
    /**
     * One minus the mean cosine between the residual stream before and after: how much a block turns it (Men et al. 2024,
     * ShortGPT: block influence).
     */
    COSINE(true),
    /** By how much the loss rises when it is left out. */
    LOSS(true),
    /** The later, the sooner it goes: the first layers stay, as in LLM-Pruner. */
    POSITION(false);

    private final boolean needsCalibration;

    BlockCriterion(boolean needsCalibration) {
        this.needsCalibration = needsCalibration;
    }

    /** Whether activations on calibration data are needed. */
    public boolean needsCalibration() {
        return needsCalibration;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
