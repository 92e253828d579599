package org.espalier.eval;

import java.util.List;

/** The part of a model that evaluation needs. */
@FunctionalInterface
public interface TokenScorer {

    /**
     * Negative log-likelihoods in nats: entry {@code [w][i]} is that of id {@code i + 1} of window {@code w} given the ids
     * before it in the window. Every window stands alone, with positions from 0.
     */
    double[][] losses(List<int[]> windows);
}
