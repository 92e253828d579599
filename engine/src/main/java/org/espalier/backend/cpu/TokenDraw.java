package org.espalier.backend.cpu;

import java.util.function.IntToLongFunction;
import java.util.stream.LongStream;
import org.espalier.backend.Sampling;

/** One row of logits of which {@link Sampling} may draw. */
final class TokenDraw {

    /** Bits of a number's key that one pass finds. */
    private static final int DIGIT = 11;

    private final Sampling sampling;
    /** What may be drawn, in the order of the vocabulary: tokens, their logits and what they weigh. */
    private final int[] tokens;

    private final float[] logits;
    private final long[] weights;
    private int count;

    /** @param logits become this object's own */
    TokenDraw(float[] logits, Sampling sampling) {
        this.sampling = sampling;
        this.tokens = new int[logits.length];
        this.logits = logits;
        this.weights = new long[logits.length];
        weigh(cleaned(logits));
        if (sampling.topP() < 1) {
            leaveOutBelow(threshold(count, i -> weights[i], sampling.nucleus(total())));
        }
    }

    /** The token that the position's random number draws. */
    int at(int position) {
        long remaining = sampling.point(position, total());
        for (int i = 0; i < count; i++) {
            remaining -= weights[i];
            if (remaining < 0) {
                return tokens[i];
            }
        }
        throw new AssertionError("the weights of " + count + " tokens changed while they were added");
    }

    /** Takes NaN for negative infinity and −0 for 0, so that both zeros have one key; returns the largest. */
    private static float cleaned(float[] logits) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int v = 0; v < logits.length; v++) {
            logits[v] = Float.isNaN(logits[v]) ? Float.NEGATIVE_INFINITY : logits[v] + 0f;
            largest = Math.max(largest, logits[v]);
        }
        return largest;
    }

    /** Keeps the likeliest that weigh anything. */
    private void weigh(float largest) {
        int topK = sampling.topK();
        boolean all = topK == 0 || topK >= logits.length;
        float least = all ? Float.NEGATIVE_INFINITY : threshold(logits.length, v -> 1, topK);
        for (int v = 0; v < logits.length; v++) {
            long weight = logits[v] >= least ? sampling.weight(logits[v], largest) : 0;
            if (weight > 0) {
                keep(v, logits[v], weight);
            }
        }
    }

    private void leaveOutBelow(float least) {
        int before = count;
        count = 0;
        for (int i = 0; i < before; i++) {
            if (logits[i] >= least) {
                keep(tokens[i], logits[i], weights[i]);
            }
        }
    }

    /** Puts a token behind those kept, where no token is that was not looked at yet. */
    private void keep(int token, float logit, long weight) {
        tokens[count] = token;
        logits[count] = logit;
        weights[count++] = weight;
    }

    private long total() {
        return LongStream.of(weights).limit(count).sum();
    }

    /** The largest of the first logits such that {@code measure} of it and all above adds to {@code share} or more. */
    private float threshold(int leading, IntToLongFunction measure, long share) {
        int key = 0;
        int known = 0;
        long remaining = share;
        for (int shift = Integer.SIZE - DIGIT; known != -1; shift = Math.max(shift - DIGIT, 0)) {
            long[] bins = new long[1 << DIGIT];
            for (int i = 0; i < leading; i++) {
                int own = key(logits[i]);
                if (((own ^ key) & known) == 0) {
                    bins[(own & ~known) >>> shift] += measure.applyAsLong(i);
                }
            }
            int bin = bins.length - 1;
            for (; remaining > bins[bin]; bin--) {
                remaining -= bins[bin];
            }
            key |= bin << shift;
            known = -1 << shift;
        }
        return Float.intBitsToFloat(key < 0 ? key & Integer.MAX_VALUE : ~key);
    }

    /** Numbers in the order of floats, to be compared without sign. */
    private static int key(float logit) {
        int bits = Float.floatToRawIntBits(logit);
        return bits < 0 ? ~bits : bits | Integer.MIN_VALUE;
    }
}
