package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;

/** The float32 rows that tokens have with their experts; formulas in {@link org.espalier.backend.ExpertOps}. */
final class ExpertRows {

    /** Rows of a task are about this many numbers. */
    private static final int TASK_NUMBERS = 1 << 14;

    private final WorkerPool pool;
    private final int tokens;
    private final int each;
    private final int channels;

    /** @param each rows of a token */
    ExpertRows(WorkerPool pool, int tokens, int each, int channels) {
        this.pool = pool;
        this.tokens = tokens;
        this.each = each;
        this.channels = channels;
    }

    void spread(MemorySegment source, MemorySegment rows, MemorySegment factors, MemorySegment out, float beta) {
        pool.ranges((long) tokens * each, grain(1), (start, end) -> {
            for (long i = start; i < end; i++) {
                int row = rows.get(Lanes.INT, 4 * i);
                float factor = factors == null ? 1 : factors.get(Lanes.FLOAT, 4L * row);
                put(source, row / each, factor, out, i, beta);
            }
        });
    }

    void join(MemorySegment source, MemorySegment rows, MemorySegment factors, MemorySegment out, float beta) {
        pool.ranges(tokens, grain(each), (start, end) -> {
            for (long t = start; t < end; t++) {
                for (long i = t * each; i < (t + 1) * each; i++) {
                    float factor = factors == null ? 1 : factors.get(Lanes.FLOAT, 4 * i);
                    put(source, rows.get(Lanes.INT, 4 * i), factor, out, t, i == t * each ? beta : 1);
                }
            }
        });
    }

    void dots(MemorySegment a, MemorySegment source, MemorySegment rows, MemorySegment out, float beta) {
        pool.ranges((long) tokens * each, grain(1), (start, end) -> {
            for (long i = start; i < end; i++) {
                float dot = (float) dot(a, i / each, source, rows.get(Lanes.INT, 4 * i));
                out.set(Lanes.FLOAT, 4 * i, beta == 0 ? dot : dot + out.get(Lanes.FLOAT, 4 * i));
            }
        });
    }

    private int grain(int rows) {
        return Math.max(1, TASK_NUMBERS / Math.max(1, rows * channels));
    }

    private long at(long row) {
        return 4 * row * channels;
    }

    /** {@code out[to] = beta · out[to] + factor · source[from]}. */
    private void put(MemorySegment source, long from, float factor, MemorySegment out, long to, float beta) {
        if (beta == 0) {
            MemorySegment.copy(source, at(from), out, at(to), 4L * channels);
            Elementwise.scaleInPlace(out, at(to), channels, factor);
        } else {
            Elementwise.addScaled(source, at(from), factor, out, at(to), channels);
        }
    }

    private double dot(MemorySegment a, long aRow, MemorySegment b, long bRow) {
        double dot = 0;
        for (int c = 0; c < channels; c++) {
            dot += (double) a.get(Lanes.FLOAT, at(aRow) + 4L * c) * b.get(Lanes.FLOAT, at(bRow) + 4L * c);
        }
        return dot;
    }
}
