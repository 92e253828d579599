package org.espalier.job.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.espalier.job.serve.TokenScore.Alternative;

/** Logarithms of the probabilities that logits stand for: {@code z[v] − log Σ e^z}, summed in float64. */
final class LogProbabilities {

    private final float[] logits;
    private final double logSum;

    LogProbabilities(float[] logits) {
        this.logits = logits;
        float largest = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp((double) logit - largest);
        }
        this.logSum = largest + Math.log(sum);
    }

    /** A token with so many of the likeliest beside it. */
    TokenScore score(int id, int alternatives) {
        return new TokenScore(id, OptionalDouble.of(of(id)), likeliest(alternatives));
    }

    private double of(int id) {
        return logits[id] - logSum;
    }

    /** The lowest ids of equals. */
    private List<Alternative> likeliest(int count) {
        int[] best = new int[Math.min(count, logits.length)];
        int found = 0;
        for (int v = 0; v < logits.length; v++) {
            if (found < best.length || found > 0 && logits[v] > logits[best[found - 1]]) {
                int place = found < best.length ? found++ : found - 1;
                for (; place > 0 && logits[v] > logits[best[place - 1]]; place--) {
                    best[place] = best[place - 1];
                }
                best[place] = v;
            }
        }
        List<Alternative> likeliest = new ArrayList<>();
        for (int id : best) {
            likeliest.add(new Alternative(id, of(id)));
        }
        return likeliest;
    }
}
