package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Layer normalisation of float32 rows; formulas in {@link org.espalier.backend.LayerNormOps}. */
final class LayerNorm {

    /** Rows of a task are about this many numbers. */
    private static final int TASK_NUMBERS = 1 << 13;
    /** Columns of a task of the weight's gradient. */
    private static final int COLUMNS = 64;

    /**
     * What is normalised.
     *
     * @param x    {@code [rows, columns]}
     * @param mean {@code [rows]}, written forwards and read backwards
     * @param rstd {@code [rows]}, likewise
     */
    record Input(MemorySegment x, MemorySegment mean, MemorySegment rstd, int rows, int columns) {

        /** Where row {@code t} begins. */
        long row(long t) {
            return 4L * columns * t;
        }

        float mean(long t) {
            return mean.get(Lanes.FLOAT, 4 * t);
        }

        float rstd(long t) {
            return rstd.get(Lanes.FLOAT, 4 * t);
        }

        private int grain() {
            return Math.max(1, TASK_NUMBERS / Math.max(1, columns));
        }
    }

    private final WorkerPool pool;

    LayerNorm(WorkerPool pool) {
        this.pool = pool;
    }

    /** {@code y = (x − mean) rstd w + bias}; a null bias is left out. */
    void forward(Input in, MemorySegment w, MemorySegment bias, double eps, MemorySegment y) {
        pool.ranges(in.rows, in.grain(), (start, end) -> {
            for (long t = start; t < end; t++) {
                float mean = sum(in.x, in.row(t), in.columns) / in.columns;
                double variance = squares(in.x, in.row(t), mean, in.columns) / (double) in.columns;
                in.mean.set(Lanes.FLOAT, 4 * t, mean);
                in.rstd.set(Lanes.FLOAT, 4 * t, (float) (1 / Math.sqrt(variance + eps)));
                scaleRow(in, t, w, bias, y);
            }
        });
    }

    /** {@code Σ x} of one row. */
    private static float sum(MemorySegment x, long row, int columns) {
        FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int whole = columns - columns % Lanes.PARTIALS;
        for (int c = 0; c < whole; c += Lanes.PARTIALS) {
            long at = row + 4L * c;
            s0 = s0.add(Lanes.load(x, at));
            s1 = s1.add(Lanes.load(x, at + 32));
            s2 = s2.add(Lanes.load(x, at + 64));
            s3 = s3.add(Lanes.load(x, at + 96));
        }
        for (int c = whole; c < columns; c += Lanes.WIDTH) {
            s0 = s0.add(Lanes.load(x, row + 4L * c, Lanes.FLOATS.indexInRange(c, columns)));
        }
        return Lanes.sum(s0, s1, s2, s3);
    }

    /** {@code Σ (x − mean)²} of one row. */
    private static float squares(MemorySegment x, long row, float mean, int columns) {
        FloatVector means = FloatVector.broadcast(Lanes.FLOATS, mean);
        FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int whole = columns - columns % Lanes.PARTIALS;
        for (int c = 0; c < whole; c += Lanes.PARTIALS) {
            long at = row + 4L * c;
            FloatVector d0 = Lanes.load(x, at).sub(means);
            FloatVector d1 = Lanes.load(x, at + 32).sub(means);
            FloatVector d2 = Lanes.load(x, at + 64).sub(means);
            FloatVector d3 = Lanes.load(x, at + 96).sub(means);
            s0 = d0.fma(d0, s0);
            s1 = d1.fma(d1, s1);
            s2 = d2.fma(d2, s2);
            s3 = d3.fma(d3, s3);
        }
        for (int c = whole; c < columns; c += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(c, columns);
            FloatVector d = Lanes.load(x, row + 4L * c, mask).sub(means, mask);
            s0 = d.fma(d, s0);
        }
        return Lanes.sum(s0, s1, s2, s3);
    }

    private static void scaleRow(Input in, long t, MemorySegment w, MemorySegment bias, MemorySegment y) {
        FloatVector means = FloatVector.broadcast(Lanes.FLOATS, in.mean(t));
        FloatVector scales = FloatVector.broadcast(Lanes.FLOATS, in.rstd(t));
        long row = in.row(t);
        int whole = Lanes.whole(in.columns);
        // Masks cost more than the arithmetic where the processor has no mask registers.
        for (int c = 0; c < whole; c += Lanes.WIDTH) {
            FloatVector scaled = Lanes.load(in.x, row + 4L * c).sub(means).mul(scales);
            FloatVector weight = Lanes.load(w, 4L * c);
            FloatVector value = bias == null ? scaled.mul(weight) : scaled.fma(weight, Lanes.load(bias, 4L * c));
            Lanes.store(value, y, row + 4L * c);
        }
        for (int c = whole; c < in.columns; c++) {
            float scaled = (in.x.get(Lanes.FLOAT, row + 4L * c) - in.mean(t)) * in.rstd(t);
            float weight = w.get(Lanes.FLOAT, 4L * c);
            float value = bias == null ? scaled * weight : Math.fma(scaled, weight, bias.get(Lanes.FLOAT, 4L * c));
            y.set(Lanes.FLOAT, row + 4L * c, value);
        }
    }

    /** {@code dX = beta dX + rstd (w dY − mean(w dY) − x̂ mean(w dY x̂))}. */
    void backwardInput(Input in, MemorySegment w, MemorySegment dY, MemorySegment dX, float beta) {
        pool.ranges(in.rows, in.grain(), (start, end) -> {
            for (long t = start; t < end; t++) {
                inputRow(in, t, w, dY, dX, beta);
            }
        });
    }

    private static void inputRow(Input in, long t, MemorySegment w, MemorySegment dY, MemorySegment dX, float beta) {
        long row = in.row(t);
        FloatVector means = FloatVector.broadcast(Lanes.FLOATS, in.mean(t));
        FloatVector scales = FloatVector.broadcast(Lanes.FLOATS, in.rstd(t));
        float shift = PlainDot.dot(dY, row, w, 0, in.columns) / in.columns;
        float slope = weightedDot(in, row, means, w, dY) * in.rstd(t) * in.rstd(t) / in.columns;
        FloatVector shifts = FloatVector.broadcast(Lanes.FLOATS, shift);
        FloatVector negative = FloatVector.broadcast(Lanes.FLOATS, -slope);
        int whole = Lanes.whole(in.columns);
        for (int c = 0; c < whole; c += Lanes.WIDTH) {
            long at = row + 4L * c;
            FloatVector centred = Lanes.load(dY, at).mul(Lanes.load(w, 4L * c)).sub(shifts);
            FloatVector value =
                    Lanes.load(in.x, at).sub(means).fma(negative, centred).mul(scales);
            Lanes.store(beta == 0 ? value : value.add(Lanes.load(dX, at)), dX, at);
        }
        for (int c = whole; c < in.columns; c++) {
            long at = row + 4L * c;
            float centred = dY.get(Lanes.FLOAT, at) * w.get(Lanes.FLOAT, 4L * c) - shift;
            float value = Math.fma(in.x.get(Lanes.FLOAT, at) - in.mean(t), -slope, centred) * in.rstd(t);
            dX.set(Lanes.FLOAT, at, beta == 0 ? value : value + dX.get(Lanes.FLOAT, at));
        }
    }

    /** {@code Σ w dY (x − mean)} of one row. */
    private static float weightedDot(Input in, long row, FloatVector means, MemorySegment w, MemorySegment dY) {
        MemorySegment x = in.x;
        FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int whole = in.columns - in.columns % Lanes.PARTIALS;
        for (int c = 0; c < whole; c += Lanes.PARTIALS) {
            long at = row + 4L * c;
            long wi = 4L * c;
            s0 = Lanes.load(dY, at).mul(Lanes.load(w, wi)).fma(Lanes.load(x, at).sub(means), s0);
            s1 = Lanes.load(dY, at + 32)
                    .mul(Lanes.load(w, wi + 32))
                    .fma(Lanes.load(x, at + 32).sub(means), s1);
            s2 = Lanes.load(dY, at + 64)
                    .mul(Lanes.load(w, wi + 64))
                    .fma(Lanes.load(x, at + 64).sub(means), s2);
            s3 = Lanes.load(dY, at + 96)
                    .mul(Lanes.load(w, wi + 96))
                    .fma(Lanes.load(x, at + 96).sub(means), s3);
        }
        for (int c = whole; c < in.columns; c += Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.FLOATS.indexInRange(c, in.columns);
            long at = row + 4L * c;
            FloatVector weighted = Lanes.load(dY, at, mask).mul(Lanes.load(w, 4L * c, mask));
            s0 = weighted.fma(Lanes.load(x, at, mask).sub(means), s0);
        }
        return Lanes.sum(s0, s1, s2, s3);
    }

    /** {@code dW = beta dW + Σ_t dY x̂}, tokens in ascending order. */
    void backwardWeight(Input in, MemorySegment dY, MemorySegment dW, float beta) {
        pool.ranges(in.columns, COLUMNS, (start, end) -> {
            for (int c = (int) start; c < end; c += Lanes.WIDTH) {
                VectorMask<Float> mask = Lanes.FLOATS.indexInRange(c, in.columns);
                FloatVector sum = beta == 0 ? FloatVector.zero(Lanes.FLOATS) : Lanes.load(dW, 4L * c, mask);
                for (int t = 0; t < in.rows; t++) {
                    long at = in.row(t) + 4L * c;
                    FloatVector normalised =
                            Lanes.load(in.x, at, mask).sub(in.mean(t)).mul(in.rstd(t));
                    sum = Lanes.load(dY, at, mask).fma(normalised, sum);
                }
                Lanes.store(sum, dW, 4L * c, mask);
            }
        });
    }
}
