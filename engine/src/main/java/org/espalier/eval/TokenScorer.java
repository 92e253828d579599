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

    /** Ids that it is best given at once: enough for fast matrix products, few enough to show progress. */
    default int idsAtOnce() {
        return 1024;
    }

    /** As {@code scorer}, best given {@code ids} ids at once. */
    static TokenScorer atOnce(int ids, TokenScorer scorer) {
        return new TokenScorer() {
            @Override
            public double[][] losses(List<int[]> windows) {
                return scorer.losses(windows);
            }

            @Override
            public int idsAtOnce() {
                return ids;
            }
        };
    }
}
