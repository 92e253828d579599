package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Dot products of the columns of two matrices, in float64: every column's sum runs through the rows in order. */
final class ColumnDots {

    /** Columns of a task: some cache lines of every row. */
    private static final int COLUMNS = 128;

    private final WorkerPool pool;

    ColumnDots(WorkerPool pool) {
        this.pool = pool;
    }

    /** See {@link org.espalier.backend.CalibrationOps#columnDots}; {@code shift} and {@code b} are float32 or null. */
    void run(MemorySegment a, MemorySegment shift, MemorySegment b, MemorySegment sums, float beta, int rows, int n) {
        pool.ranges(n, COLUMNS, (start, end) -> {
            int count = (int) (end - start);
            double[] dots = new double[count];
            if (beta != 0) {
                MemorySegment.copy(sums, Lanes.DOUBLE, 8 * start, dots, 0, count);
            }
            float[] shifts = new float[count];
            if (shift != null) {
                MemorySegment.copy(shift, Lanes.FLOAT, 4 * start, shifts, 0, count);
            }
            add(a, shifts, b, rows, n, start, dots);
            MemorySegment.copy(dots, 0, sums, Lanes.DOUBLE, 8 * start, count);
        });
    }

    private static void add(
            MemorySegment a, float[] shifts, MemorySegment b, int rows, int n, long start, double[] dots) {
        float[] as = new float[dots.length];
        float[] bs = new float[dots.length];
        Arrays.fill(bs, 1);
        for (long t = 0; t < rows; t++) {
            MemorySegment.copy(a, Lanes.FLOAT, 4 * (t * n + start), as, 0, as.length);
            if (b != null) {
                MemorySegment.copy(b, Lanes.FLOAT, 4 * (t * n + start), bs, 0, bs.length);
            }
            for (int k = 0; k < dots.length; k++) {
                dots[k] += ((double) as[k] - shifts[k]) * bs[k];
            }
        }
    }
}
