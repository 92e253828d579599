package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Rows and columns copied out of a matrix; see {@link org.espalier.backend.CompactOps}. Numbers have been checked. */
final class Compaction {

    /** Bytes of a task. */
    private static final int TASK_BYTES = 1 << 16;

    private final WorkerPool pool;

    Compaction(WorkerPool pool) {
        this.pool = pool;
    }

    /** Columns of the source that stay neighbours: heads and the like. */
    private record Run(int from, int to, int count) {

        static List<Run> of(int[] columns) {
            List<Run> runs = new ArrayList<>();
            for (int start = 0, k = 1; k <= columns.length; k++) {
                if (k == columns.length || columns[k] != columns[k - 1] + 1) {
                    runs.add(new Run(columns[start], start, k - start));
                    start = k;
                }
            }
            return runs;
        }
    }

    /**
     * @param rows       which rows, in order, or null for all
     * @param columns    which columns, in order, or null for all
     * @param in         columns of the source
     * @param bytes      of one number
     * @param keptRows   of the target
     * @param keptColumns of the target
     */
    void gather(MemorySegment source, int[] rows, int[] columns, MemorySegment target, int in, int bytes, int keptRows,
            int keptColumns) {
        List<Run> runs = columns == null ? List.of(new Run(0, 0, in)) : Run.of(columns);
        int grain = Math.max(1, TASK_BYTES / Math.max(1, bytes * keptColumns));
        pool.ranges(keptRows, grain, (first, end) -> {
            for (long i = first; i < end; i++) {
                long from = (long) bytes * in * (rows == null ? i : rows[(int) i]);
                long to = (long) bytes * keptColumns * i;
                for (Run run : runs) {
                    MemorySegment.copy(source, from + (long) bytes * run.from, target, to + (long) bytes * run.to,
                            (long) bytes * run.count);
                }
            }
        });
    }
}
