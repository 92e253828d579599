package org.espalier.score;

import org.espalier.backend.Sequences;

/**
 * What turns squared gradients of one backward walk into those of each sequence's own mean loss. The walk differentiates
 * the mean over all {@code counted} tokens; a sequence of {@code n} tokens predicts {@code n − 1} of them, so its own mean
 * has {@code counted / (n − 1)} times the gradient.
 *
 * @param counted   tokens whose loss counts, of all sequences
 * @param sequences among which squares are averaged; 1 to sum them
 */
record SequenceFactors(int counted, int sequences) {

    /** The factor of each sequence's squared gradient. */
    double[] of(Sequences batch) {
        double[] factors = new double[batch.count()];
        for (int s = 0; s < factors.length; s++) {
            double ratio = (double) counted / Math.max(1, batch.queries(s) - 1);
            factors[s] = ratio * ratio / sequences;
        }
        return factors;
    }
}
