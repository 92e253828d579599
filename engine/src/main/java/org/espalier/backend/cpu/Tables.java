package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.VectorMask;
import org.espalier.tensor.DType;

/** Rows looked up in, and added into, tables. Row numbers have been checked. */
final class Tables {

    /** Bytes of a task that copies. */
    private static final int TASK_BYTES = 1 << 16;
    /** Columns of a task that adds: every task walks all tokens, so rows named twice do not race. */
    private static final int COLUMNS = 64;

    private final WorkerPool pool;

    Tables(WorkerPool pool) {
        this.pool = pool;
    }

    /** {@code out [tokens, columns]} gets rows of {@code table}, of any stored type. */
    void embedding(MemorySegment ids, DType type, MemorySegment table, MemorySegment out, int tokens, int columns) {
        pool.ranges(tokens, grain(4L * columns), (start, end) -> {
            for (int t = (int) start; t < end; t++) {
                long row = type.bytes(columns) * ids.get(Lanes.INT, 4L * t);
                Widen.decode(type, table, row, out, 4L * columns * t, columns);
            }
        });
    }

    void embeddingBackward(MemorySegment ids, MemorySegment dOut, MemorySegment dTable, int tokens, int columns) {
        pool.ranges(columns, COLUMNS, (start, end) -> {
            for (int t = 0; t < tokens; t++) {
                long source = 4L * columns * t;
                long target = 4L * columns * ids.get(Lanes.INT, 4L * t);
                for (int c = (int) start; c < end; c += Lanes.WIDTH) {
                    VectorMask<Float> mask = Lanes.FLOATS.indexInRange(c, end);
                    Lanes.store(
                            Lanes.load(dTable, target + 4L * c, mask).add(Lanes.load(dOut, source + 4L * c, mask)),
                            dTable,
                            target + 4L * c,
                            mask);
                }
            }
        });
    }

    /** {@code target[rows[t]] = source[t]}. */
    void scatter(MemorySegment source, MemorySegment rows, MemorySegment target, int tokens, long rowBytes) {
        pool.ranges(tokens, grain(rowBytes), (start, end) -> {
            for (long t = start; t < end; t++) {
                MemorySegment.copy(source, rowBytes * t, target, rowBytes * rows.get(Lanes.INT, 4 * t), rowBytes);
            }
        });
    }

    /** {@code target[t] = source[rows[t]]}. */
    void gather(MemorySegment source, MemorySegment rows, MemorySegment target, int tokens, long rowBytes) {
        pool.ranges(tokens, grain(rowBytes), (start, end) -> {
            for (long t = start; t < end; t++) {
                MemorySegment.copy(source, rowBytes * rows.get(Lanes.INT, 4 * t), target, rowBytes * t, rowBytes);
            }
        });
    }

    private static int grain(long rowBytes) {
        return (int) Math.max(1, TASK_BYTES / Math.max(1, rowBytes));
    }
}
