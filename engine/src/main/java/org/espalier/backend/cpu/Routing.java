package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Which experts tokens are given to, from float32 logits; formulas in {@link org.espalier.backend.ExpertOps}. */
final class Routing {

    /** Tokens of a task have about this many logits. */
    private static final int TASK_LOGITS = 1 << 12;

    private final WorkerPool pool;
    private final int tokens;
    private final int experts;
    private final int k;

    Routing(WorkerPool pool, int tokens, int experts, int k) {
        this.pool = pool;
        this.tokens = tokens;
        this.experts = experts;
        this.k = k;
    }

    void forward(MemorySegment logits, boolean normalised, MemorySegment chosen, MemorySegment factors) {
        pool.ranges(tokens, grain(), (start, end) -> {
            float[] row = new float[experts];
            float[] kept = new float[k];
            for (long t = start; t < end; t++) {
                read(logits, t, row);
                float max = row[largest(row)];
                float all = normalised ? 0 : sumExp(row, max);
                float sum = 0;
                for (int j = 0; j < k; j++) {
                    int best = largest(row);
                    kept[j] = FastExp.exp(row[best] - max);
                    sum += kept[j];
                    row[best] = Float.NaN; // taken
                    chosen.set(Lanes.INT, 4 * (t * k + j), best);
                }
                for (int j = 0; j < k; j++) {
                    factors.set(Lanes.FLOAT, 4 * (t * k + j), kept[j] / (normalised ? sum : all));
                }
            }
        });
    }

    void backward(
            MemorySegment logits,
            boolean normalised,
            MemorySegment chosen,
            MemorySegment factors,
            MemorySegment dFactors,
            MemorySegment dLogits,
            float beta) {
        pool.ranges(tokens, grain(), (start, end) -> {
            float[] row = new float[experts];
            float[] d = new float[experts];
            for (long t = start; t < end; t++) {
                float mean = 0;
                for (long j = t * k; j < (t + 1) * k; j++) {
                    mean += factors.get(Lanes.FLOAT, 4 * j) * dFactors.get(Lanes.FLOAT, 4 * j);
                }
                if (normalised) {
                    Arrays.fill(d, 0);
                } else {
                    read(logits, t, row);
                    softmaxTimes(row, -mean, d);
                }
                for (long j = t * k; j < (t + 1) * k; j++) {
                    float f = factors.get(Lanes.FLOAT, 4 * j);
                    d[chosen.get(Lanes.INT, 4 * j)] += f * (dFactors.get(Lanes.FLOAT, 4 * j) - (normalised ? mean : 0));
                }
                add(d, dLogits, t, beta);
            }
        });
    }

    private int grain() {
        return Math.max(1, TASK_LOGITS / experts);
    }

    /** The logits of a token, with the least that there is in place of what is not a number. */
    private void read(MemorySegment logits, long token, float[] row) {
        for (int e = 0; e < experts; e++) {
            float z = logits.get(Lanes.FLOAT, 4 * (token * experts + e));
            row[e] = Float.isNaN(z) ? Float.NEGATIVE_INFINITY : z;
        }
    }

    /** The first of the largest that are not taken. */
    private static int largest(float[] row) {
        int best = -1;
        for (int e = 0; e < row.length; e++) {
            if (!Float.isNaN(row[e]) && (best < 0 || row[e] > row[best])) {
                best = e;
            }
        }
        return best;
    }

    private static float sumExp(float[] row, float shift) {
        float sum = 0;
        for (float z : row) {
            sum += FastExp.exp(z - shift);
        }
        return sum;
    }

    /** {@code out = factor · softmax(row)}. */
    private static void softmaxTimes(float[] row, float factor, float[] out) {
        float max = row[largest(row)];
        float scale = factor / sumExp(row, max);
        for (int e = 0; e < row.length; e++) {
            out[e] = scale * FastExp.exp(row[e] - max);
        }
    }

    private void add(float[] d, MemorySegment dLogits, long token, float beta) {
        for (int e = 0; e < experts; e++) {
            long at = 4 * (token * experts + e);
            dLogits.set(Lanes.FLOAT, at, beta == 0 ? d[e] : d[e] + dLogits.get(Lanes.FLOAT, at));
        }
    }
}
