package org.espalier.backend.cpu;

import java.util.function.IntToLongFunction;
import java.util.stream.LongStream;
import org.espalier.backend.Sampling;

/** One row of logits of which {@link Sampling} may draw. */
final class TokenDraw {

    /** Bits of a number's key that one pass finds. */
    private static final int DIGIT = 11;

    private final float[] logits;
    private final Sampling sampling;
    /** 0 for what may not be drawn. */
    private final long[] weights;

    /** @param logits become this object's own */
    TokenDraw(float[] logits, Sampling sampling) {
        this.logits = logits;
        this.sampling = sampling;
        float largest = Float.NEGATIVE_INFINITY;
        for (int v = 0; v < logits.length; v++) {
            // With 0 added, both zeros have one key.
            logits[v] = Float.isNaN(logits[v]) ? Float.NEGATIVE_INFINITY : logits[v] + 0f;
            largest = Math.max(largest, logits[v]);
        }
        weights = weights(largest);
        if (sampling.topP() < 1) {
            leaveOutBelow(threshold(v -> weights[v], sampling.nucleus(total())));
        }
    }

    /** The token that the position's random number draws. */
    int at(int position) {
        long left = sampling.point(position, total());
        for (int v = 0; v < weights.length; v++) {
            left -= weights[v];
            if (left < 0) {
                return v;
            }
        }
        throw new AssertionError("weights of " + weights.length + " tokens changed while they were added");
    }

    private long[] weights(float largest) {
        int topK = sampling.topK();
        float least = topK == 0 || topK >= logits.length ? Float.NEGATIVE_INFINITY : threshold(v -> 1, topK);
        long[] result = new long[logits.length];
        for (int v = 0; v < result.length; v++) {
            result[v] = logits[v] >= least ? sampling.weight(logits[v], largest) : 0;
        }
        return result;
    }

    private void leaveOutBelow(float least) {
        for (int v = 0; v < weights.length; v++) {
            weights[v] = logits[v] >= least ? weights[v] : 0;
        }
    }

    private long total() {
        return LongStream.of(weights).sum();
    }

    /** The largest logit such that {@code measure} of it and all above adds to {@code wanted} or more. */
    private float threshold(IntToLongFunction measure, long wanted) {
        int key = 0;
        int known = 0;
        long left = wanted;
        for (int shift = Integer.SIZE - DIGIT; known != -1; shift = Math.max(shift - DIGIT, 0)) {
            long[] bins = new long[1 << DIGIT];
            for (int v = 0; v < logits.length; v++) {
                int own = key(logits[v]);
                if (((own ^ key) & known) == 0) {
                    bins[(own & ~known) >>> shift] += measure.applyAsLong(v);
                }
            }
            int bin = bins.length - 1;
            for (; left > bins[bin]; bin--) {
                left -= bins[bin];
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
