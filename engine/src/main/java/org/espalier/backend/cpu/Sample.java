package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.espalier.backend.SampleOps;
import org.espalier.backend.Sampling;

/** Choices from float32 rows; rules in {@link SampleOps}. */
final class Sample {

    private final WorkerPool pool;

    Sample(WorkerPool pool) {
        this.pool = pool;
    }

    void argMax(MemorySegment x, MemorySegment out, int rows, int columns) {
        pool.run(rows, (t, worker) -> {
            long row = 4L * columns * t;
            out.set(Lanes.INT, 4L * t, firstEqual(x, row, columns, Softmax.max(x, row, columns)));
        });
    }

    /** The first index of {@code value}, 0 if it is nowhere: where a row holds a NaN. */
    private static int firstEqual(MemorySegment x, long row, int columns, float value) {
        int whole = Lanes.whole(columns);
        for (int c = 0; c < whole; c += Lanes.WIDTH) {
            VectorMask<Float> equal = Lanes.load(x, row + 4L * c).compare(VectorOperators.EQ, value);
            if (equal.anyTrue()) {
                return c + equal.firstTrue();
            }
        }
        for (int c = whole; c < columns; c++) {
            if (x.get(Lanes.FLOAT, row + 4L * c) == value) {
                return c;
            }
        }
        return 0;
    }

    void draw(
            MemorySegment logits, MemorySegment positions, MemorySegment out, int rows, int vocab, Sampling sampling) {
        pool.run(rows, (t, worker) -> {
            float[] row = logits.asSlice(4L * vocab * t, 4L * vocab).toArray(Lanes.FLOAT);
            out.set(Lanes.INT, 4L * t, new TokenDraw(row, sampling).at(positions.get(Lanes.INT, 4L * t)));
        });
    }
}
