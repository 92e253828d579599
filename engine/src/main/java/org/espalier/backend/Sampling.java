package org.espalier.backend;

import java.util.Arrays;
import java.util.Set;

/**
 * How a token is drawn from logits {@code z}. Token {@code v} weighs {@code e^((z[v] − max z) / temperature)}, taken to the
 * nearest 2⁻⁴⁰. Left out are, first, tokens below the {@code topK}-th likeliest, then those below the last of the
 * likeliest tokens whose weights are {@code topP} of what the first step left. Tokens as likely as the last that stays
 * all stay, so that the order of the vocabulary decides nothing. The drawn one is the first, by number, at which the sum of
 * the weights so far is above the random part of their total. That all sums are of whole numbers makes them the same in any
 * order.
 *
 * @param temperature divides the logits, above 0 and finite
 * @param topK        tokens that may be drawn; 0 for all
 * @param topP        share of the weight that may be drawn, in (0, 1]
 * @param seed        equal seeds draw equal tokens at equal positions
 */
public record Sampling(double temperature, int topK, double topP, long seed) {

    /** Most tokens of a vocabulary, so that sums of weights fit 63 bits. */
    static final int MOST_TOKENS = 1 << 22;

    /** What the likeliest token weighs. */
    private static final double HEAVIEST = 0x1p40;

    /** Below this exponent nothing is left of a weight: e⁻³⁰ is 0.1 · 2⁻⁴⁰. */
    private static final double NOTHING = -30;

    /** Keeps draws of tokens apart from what else is drawn under the same seed: "SAMP" in ASCII. */
    private static final int OPERATION = 0x53414D50;

    public Sampling {
        if (!(temperature > 0) || temperature == Double.POSITIVE_INFINITY || topK < 0 || !(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("temperature " + temperature + ", top-k " + topK + ", top-p " + topP);
        }
    }

    /** What a token of this logit weighs beside the largest, in 2⁻⁴⁰ths. */
    public long weight(double logit, double largest) {
        double exponent = logit == largest ? 0 : (logit - largest) / temperature;
        return exponent < NOTHING ? 0 : (long) Math.rint(HEAVIEST * StrictMath.exp(exponent));
    }

    /** The weight that the likeliest tokens must have together to be all that may be drawn, of a total. */
    public long nucleus(long total) {
        return Math.clamp((long) Math.ceil(topP * total), 1, total);
    }

    /** The random part of a total at a position: from 0 to below it. */
    public long point(int position, long total) {
        int[] words = Philox.words(position, OPERATION, 0, 0, (int) seed, (int) (seed >>> 32));
        return Math.unsignedMultiplyHigh(Integer.toUnsignedLong(words[0]) | (long) words[1] << 32, total);
    }

    /**
     * A token drawn from all but some, whatever {@link #topK} and {@link #topP} are.
     *
     * @param logits   {@code [V]}; NaN counts as −∞
     * @param excluded of which none is drawn, though one of them may be the likeliest
     */
    public int drawWithout(Set<Integer> excluded, float[] logits, int position) {
        double[] z = new double[logits.length];
        Arrays.setAll(z, v -> Float.isNaN(logits[v]) || excluded.contains(v) ? Double.NEGATIVE_INFINITY : logits[v]);
        double largest = Arrays.stream(z).max().orElseThrow();
        long left = point(
                position,
                Arrays.stream(z).mapToLong(logit -> weight(logit, largest)).sum());
        int drawn = 0;
        for (left -= weight(z[0], largest); left >= 0; left -= weight(z[drawn], largest)) {
            drawn++;
        }
        return drawn;
    }
}
