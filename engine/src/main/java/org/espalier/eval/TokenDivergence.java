package org.espalier.eval;

import java.io.Serializable;

/**
 * How far one prediction of a model is from that of a reference, in nats.
 *
 * @param kl           {@code KL(reference || model) = Σ_v p(v) (log p(v) − log q(v))}, p the reference's probabilities and q
 *                     the model's; never negative
 * @param sameTop      whether both find the same token the likeliest, of equals the one with the lowest id
 * @param nll          negative log-likelihood of the token that follows, by the model
 * @param referenceNll the same by the reference
 */
public record TokenDivergence(double kl, boolean sameTop, double nll, double referenceNll) implements Serializable {

    /**
     * Compares rows of logits, in float64.
     *
     * @param reference {@code [rows, vocab]}
     * @param model     {@code [rows, vocab]}
     * @param row       that is compared
     * @param vocab     numbers of a row
     * @param target    the token that follows
     */
    public static TokenDivergence of(float[] reference, float[] model, int row, int vocab, int target) {
        int start = row * vocab;
        int referenceTop = top(reference, start, vocab);
        int modelTop = top(model, start, vocab);
        double referenceMost = reference[start + referenceTop];
        double modelMost = model[start + modelTop];
        double referenceSum = 0;
        double modelSum = 0;
        double weighted = 0;
        for (int i = start; i < start + vocab; i++) {
            // From the largest on, so that no power overflows.
            double p = reference[i] - referenceMost;
            double q = model[i] - modelMost;
            double share = Math.exp(p);
            referenceSum += share;
            modelSum += Math.exp(q);
            weighted += share * (p - q);
        }
        double kl = weighted / referenceSum - Math.log(referenceSum) + Math.log(modelSum);
        return new TokenDivergence(
                // Not negative but for rounding; what is no number stays so.
                kl < 0 ? 0 : kl,
                referenceTop == modelTop,
                modelMost + Math.log(modelSum) - model[start + target],
                referenceMost + Math.log(referenceSum) - reference[start + target]);
    }

    private static int top(float[] logits, int start, int vocab) {
        int top = 0;
        for (int i = 1; i < vocab; i++) {
            if (logits[start + i] > logits[start + top]) {
                top = i;
            }
        }
        return top;
    }
}
