package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;

/** Copies of neighbouring columns of float32 matrices; see {@link org.espalier.backend.ColumnOps}. */
final class Columns {

    /** Rows of a task are about this many numbers. */
    private static final int TASK_NUMBERS = 1 << 14;

    /**
     * Columns of a matrix.
     *
     * @param memory {@code [rows, width]}
     * @param first  the first of them
     */
    record Place(MemorySegment memory, long width, long first) {

        /** Where they begin in a row. */
        private long at(long row) {
            return 4 * (row * width + first);
        }
    }

    private final WorkerPool pool;

    Columns(WorkerPool pool) {
        this.pool = pool;
    }

    /** {@code target = beta target + source}, {@code columns} of each of {@code rows} rows. */
    void copy(Place source, Place target, float beta, long rows, int columns) {
        pool.ranges(rows, Math.max(1, TASK_NUMBERS / Math.max(1, columns)), (start, end) -> {
            for (long r = start; r < end; r++) {
                if (beta == 0) {
                    MemorySegment.copy(source.memory, source.at(r), target.memory, target.at(r), 4L * columns);
                } else {
                    Elementwise.addScaled(source.memory, source.at(r), 1, target.memory, target.at(r), columns);
                }
            }
        });
    }
}
