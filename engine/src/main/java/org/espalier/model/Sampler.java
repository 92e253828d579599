package org.espalier.model;

import java.util.Arrays;
import java.util.Comparator;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Draws the next token from logits: temperature, then the k likeliest, then the smallest set of probability p. */
public final class Sampler {

    private final double temperature;
    private final int topK;
    private final double topP;
    private final RandomGenerator random;

    /**
     * @param temperature divides the logits, above 0
     * @param topK        tokens that may be drawn; 0 for all
     * @param topP        probability that may be drawn, in (0, 1]
     * @param seed        equal seeds draw equal tokens
     */
    public Sampler(double temperature, int topK, double topP, long seed) {
        if (!(temperature > 0) || topK < 0 || !(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("temperature " + temperature + ", top-k " + topK + ", top-p " + topP);
        }
        this.temperature = temperature;
        this.topK = topK;
        this.topP = topP;
        this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    /** A token, drawn by its probability; ties are in the order of ids. */
    public int draw(float[] logits) {
        Integer[] order = new Integer[logits.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingDouble((Integer i) -> -logits[i]));
        int candidates = topK == 0 ? logits.length : Math.min(topK, logits.length);
        double[] weights = new double[candidates];
        double total = 0;
        for (int i = 0; i < candidates; i++) {
            weights[i] = StrictMath.exp((logits[order[i]] - (double) logits[order[0]]) / temperature);
            total += weights[i];
        }
        int kept = nucleus(weights, total);
        return order[pick(weights, kept)];
    }

    /** How many of the likeliest together reach probability {@link #topP}. */
    private int nucleus(double[] weights, double total) {
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            sum += weights[i];
            if (sum >= topP * total) {
                return i + 1;
            }
        }
        return weights.length;
    }

    private int pick(double[] weights, int kept) {
        double total = Arrays.stream(weights, 0, kept).sum();
        double point = random.nextDouble() * total;
        for (int i = 0; i < kept; i++) {
            point -= weights[i];
            if (point < 0) {
                return i;
            }
        }
        return kept - 1;
    }
}
