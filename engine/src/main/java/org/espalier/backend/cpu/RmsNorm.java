package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Root-mean-square normalisation of float32 rows; formulas in {@link org.espalier.backend.NormOps}. */
final class RmsNorm {

    /** Rows of a task are about this many numbers. */
    private static final int TASK_NUMBERS = 1 << 13;
    /** Columns of a task of the weight's gradient. */
    private static final int COLUMNS = 64;

    private final WorkerPool pool;

    RmsNorm(WorkerPool pool) {
        this.pool = pool;
    }

    void forward(
            MemorySegment x, MemorySegment w, double eps, MemorySegment y, MemorySegment rstd, int rows, int columns) {
        pool.ranges(rows, grain(columns), (start, end) -> {
            for (int t = (int) start; t < end; t++) {
                long row = 4L * columns * t;
                float scale = (float) (1 / Math.sqrt(PlainDot.dot(x, row, x, row, columns) / (double) columns + eps));
                rstd.set(Lanes.FLOAT, 4L * t, scale);
                scaleRow(x, row, w, scale, y, columns);
            }
        });
    }

    private static int grain(int columns) {
        return Math.max(1, TASK_NUMBERS / Math.max(1, columns));
    }

    private static void scaleRow(
            MemorySegment x, long row, MemorySegment w, float scale, MemorySegment y, int columns) {
        int whole = Lanes.whole(columns);
        for (int c = 0; c < whole; c += Lanes.WIDTH) {
            long at = row + 4L * c;
            Lanes.store(Lanes.load(x, at).mul(scale).mul(Lanes.load(w, 4L * c)), y, at);
        }
        for (int c = whole; c < columns; c++) {
            long at = row + 4L * c;
            y.set(Lanes.FLOAT, at, x.get(Lanes.FLOAT, at) * scale * w.get(Lanes.FLOAT, 4L * c));
        }
    }

    void backwardInput(
            MemorySegment x,
            MemorySegment w,
            MemorySegment rstd,
            MemorySegment dY,
            MemorySegment dX,
            float beta,
            int rows,
            int columns) {
        pool.ranges(rows, grain(columns), (start, end) -> {
            for (int t = (int) start; t < end; t++) {
                long row = 4L * columns * t;
                float scale = rstd.get(Lanes.FLOAT, 4L * t);
                float mean = tripleDot(x, dY, row, w, columns) * scale / columns;
                inputRow(x, dY, row, w, scale, mean * scale, dX, beta, columns);
            }
        });
    }

    /** {@code Σ w dY x} of one row. */
    private static float tripleDot(MemorySegment x, MemorySegment dY, long row, MemorySegment w, int columns) {
        FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int whole = columns - columns % Lanes.PARTIALS;
        for (int c = 0; c < whole; c += Lanes.PARTIALS) {
            long at = row + 4L * c;
            long wi = 4L * c;
            s0 = Lanes.load(dY, at).mul(Lanes.load(w, wi)).fma(Lanes.load(x, at), s0);
            s1 = Lanes.load(dY, at + 32).mul(Lanes.load(w, wi + 32)).fma(Lanes.load(x, at + 32), s1);
            s2 = Lanes.load(dY, at + 64).mul(Lanes.load(w, wi + 64)).fma(Lanes.load(x, at + 64), s2);
            s3 = Lanes.load(dY, at + 96).mul(Lanes.load(w, wi + 96)).fma(Lanes.load(x, at + 96), s3);
        }
        for (int c = whole; c < columns; c += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(c, columns);
            long at = row + 4L * c;
            s0 = Lanes.load(dY, at, mask).mul(Lanes.load(w, 4L * c, mask)).fma(Lanes.load(x, at, mask), s0);
        }
        return Lanes.sum(s0, s1, s2, s3);
    }

    /** {@code dX = beta dX + scale (w dY − x shift)} with {@code shift = mean(w dY x̂) rstd}. */
    private static void inputRow(
            MemorySegment x,
            MemorySegment dY,
            long row,
            MemorySegment w,
            float scale,
            float shift,
            MemorySegment dX,
            float beta,
            int columns) {
        FloatVector negative = FloatVector.broadcast(Lanes.FLOATS, -shift);
        for (int c = 0; c < columns; c += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(c, columns);
            long at = row + 4L * c;
            FloatVector weighted = Lanes.load(dY, at, mask).mul(Lanes.load(w, 4L * c, mask));
            FloatVector value = Lanes.load(x, at, mask).fma(negative, weighted).mul(scale);
            Lanes.store(beta == 0 ? value : value.add(Lanes.load(dX, at, mask)), dX, at, mask);
        }
    }

    /** {@code dW = beta dW + Σ_t dY x rstd}, tokens in ascending order. */
    void backwardWeight(
            MemorySegment x,
            MemorySegment rstd,
            MemorySegment dY,
            MemorySegment dW,
            float beta,
            int rows,
            int columns) {
        pool.ranges(columns, COLUMNS, (start, end) -> {
            for (int c = (int) start; c < end; c += Lanes.WIDTH) {
                VectorMask<Float> mask = Lanes.FLOATS.indexInRange(c, columns);
                FloatVector sum = beta == 0 ? FloatVector.zero(Lanes.FLOATS) : Lanes.load(dW, 4L * c, mask);
                for (int t = 0; t < rows; t++) {
                    long at = 4L * columns * t + 4L * c;
                    FloatVector normalised = Lanes.load(x, at, mask).mul(rstd.get(Lanes.FLOAT, 4L * t));
                    sum = Lanes.load(dY, at, mask).fma(normalised, sum);
                }
                Lanes.store(sum, dW, 4L * c, mask);
            }
        });
    }

    /** {@code target [columns] = beta target + Σ_t rows[t]}, in ascending order: a bias's gradient. */
    void sumRows(MemorySegment source, MemorySegment target, float beta, int rows, int columns) {
        pool.ranges(columns, COLUMNS, (start, end) -> {
            for (int c = (int) start; c < end; c += Lanes.WIDTH) {
                VectorMask<Float> mask = Lanes.FLOATS.indexInRange(c, columns);
                FloatVector sum = beta == 0 ? FloatVector.zero(Lanes.FLOATS) : Lanes.load(target, 4L * c, mask);
                for (int t = 0; t < rows; t++) {
                    sum = sum.add(Lanes.load(source, 4L * columns * t + 4L * c, mask));
                }
                Lanes.store(sum, target, 4L * c, mask);
            }
        });
    }
}
