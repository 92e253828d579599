package org.espalier.cut;

import java.util.Locale;

/** How what stays of a model makes up for what is gone. */
public enum Compensation {
    /** Not at all. */
    NONE,
    /**
     * The mean output of the removed inputs of a layer's last projections becomes their bias, as FLAP does (An et al. 2023,
     * Fluctuation-based Adaptive Structured Pruning).
     */
    BIAS,
    /**
     * The kept columns of a layer's last projections are fitted by least squares, layer after layer, so that the residual
     * stream of the model pruned so far follows the dense model's.
     */
    LSTSQ;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
