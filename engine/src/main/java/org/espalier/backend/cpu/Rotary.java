package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Rotary position embedding of float32 heads; see {@link org.espalier.backend.AttentionOps#rotary}. */
final class Rotary {

    /** Numbers of a task. */
    private static final int TASK_NUMBERS = 1 << 13;

    private final WorkerPool pool;

    Rotary(WorkerPool pool) {
        this.pool = pool;
    }

    /**
     * What is rotated: {@code x}, {@code y [tokens, heads, headDim]} by {@code table [., 2, half]}.
     *
     * @param runs        positions of a token, each of which turns a run of channels, the first run the head's first
     * @param half        pairs of a run; channels of no run pass
     * @param interleaved whether a pair are neighbours, else {@code half} apart
     * @param sign        1, or −1 to rotate back
     */
    record Form(int tokens, int heads, int headDim, int runs, int half, boolean interleaved, float sign) {}

    void run(Form form, MemorySegment x, MemorySegment positions, MemorySegment table, MemorySegment y, float beta) {
        int heads = form.heads;
        int half = form.half;
        int runs = form.runs;
        int passing = form.headDim - 2 * half * runs;
        boolean interleaved = form.interleaved;
        float sign = form.sign;
        long headBytes = 4L * form.headDim;
        int tokenNumbers = Math.max(1, heads * form.headDim);
        pool.ranges(form.tokens, Math.max(1, TASK_NUMBERS / tokenNumbers), (first, end) -> {
            for (long t = first; t < end; t++) {
                for (int run = 0; run < runs; run++) {
                    long cosines = 8L * half * positions.get(Lanes.INT, 4 * (t * runs + run));
                    for (int h = 0; h < heads; h++) {
                        long start = headBytes * (t * heads + h) + 8L * half * run;
                        if (interleaved) {
                            pairs(x, start, table, cosines, half, sign, y, beta);
                        } else {
                            halves(x, start, table, cosines, half, sign, y, beta);
                        }
                    }
                }
                for (int h = 0; passing > 0 && h < heads; h++) {
                    pass(x, headBytes * (t * heads + h) + 8L * half * runs, passing, y, beta);
                }
            }
        });
    }

    private static void pass(MemorySegment x, long start, int count, MemorySegment y, float beta) {
        if (beta == 0) {
            MemorySegment.copy(x, start, y, start, 4L * count);
        } else {
            Elementwise.addScaled(x, start, 1, y, start, count);
        }
    }

    private static void halves(
            MemorySegment x,
            long head,
            MemorySegment table,
            long cosines,
            int half,
            float sign,
            MemorySegment y,
            float beta) {
        long second = 4L * half;
        for (int i = 0; i < half; i += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(i, half);
            long at = head + 4L * i;
            FloatVector cos = Lanes.load(table, cosines + 4L * i, mask);
            FloatVector sin = Lanes.load(table, cosines + second + 4L * i, mask).mul(sign);
            FloatVector a = Lanes.load(x, at, mask);
            FloatVector b = Lanes.load(x, at + second, mask);
            FloatVector first = a.mul(cos).sub(b.mul(sin));
            FloatVector last = b.mul(cos).add(a.mul(sin));
            if (beta != 0) {
                first = first.add(Lanes.load(y, at, mask));
                last = last.add(Lanes.load(y, at + second, mask));
            }
            Lanes.store(first, y, at, mask);
            Lanes.store(last, y, at + second, mask);
        }
    }

    private static void pairs(
            MemorySegment x,
            long head,
            MemorySegment table,
            long cosines,
            int half,
            float sign,
            MemorySegment y,
            float beta) {
        for (int i = 0; i < half; i++) {
            long at = head + 8L * i;
            float cos = table.get(Lanes.FLOAT, cosines + 4L * i);
            float sin = table.get(Lanes.FLOAT, cosines + 4L * (half + i)) * sign;
            float a = x.get(Lanes.FLOAT, at);
            float b = x.get(Lanes.FLOAT, at + 4);
            float first = a * cos - b * sin;
            float second = b * cos + a * sin;
            y.set(Lanes.FLOAT, at, beta == 0 ? first : first + y.get(Lanes.FLOAT, at));
            y.set(Lanes.FLOAT, at + 4, beta == 0 ? second : second + y.get(Lanes.FLOAT, at + 4));
        }
    }
}
