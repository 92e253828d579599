package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Shape;

/** Rows and columns copied out of a matrix; see {@link org.espalier.backend.CompactOps}. Numbers have been checked. */
final class Compaction {

    /** Bytes of a task. */
    private static final int TASK_BYTES = 1 << 16;

    private final WorkerPool pool;

    Compaction(WorkerPool pool) {
        this.pool = pool;
    }

    /** Columns of the source that stay neighbours: heads and the like. */
    record Run(int sourceAt, int targetAt, int count) {

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
     * What is taken, and where from.
     *
     * @param rows        which rows, in order, or null for all
     * @param columns     which columns, in order, or null for all
     * @param in          columns of the source
     * @param bytes       of one number
     * @param keptColumns of the target
     */
    record Kept(MemorySegment source, int[] rows, int[] columns, int in, int bytes, int keptColumns) {

        List<Run> runs() {
            return columns == null ? List.of(new Run(0, 0, in)) : Run.of(columns);
        }

        long rowBytes() {
            return (long) bytes * keptColumns;
        }
    }

    /** What belongs in rows {@code start} (included) to {@code end} (excluded), from the beginning of {@code target} on. */
    void gather(Kept kept, int start, int end, MemorySegment target) {
        gather(kept, kept.runs(), start, end, target);
    }

    private void gather(Kept kept, List<Run> runs, int start, int end, MemorySegment target) {
        int grain = Math.toIntExact(Math.max(1, TASK_BYTES / kept.rowBytes()));
        pool.ranges(end - start, grain, (first, past) -> {
            for (long i = first; i < past; i++) {
                int row = start + (int) i;
                long source = (long) kept.bytes * kept.in * (kept.rows == null ? row : kept.rows[row]);
                for (Run run : runs) {
                    MemorySegment.copy(
                            kept.source,
                            source + (long) kept.bytes * run.sourceAt,
                            target,
                            kept.rowBytes() * i + (long) kept.bytes * run.targetAt,
                            (long) kept.bytes * run.count);
                }
            }
        });
    }

    /**
     * All rows of a target that begins where the source does.
     *
     * @param shape of the target
     * @param panel rows that are gathered before they are written
     */
    void inPlace(Kept kept, MemorySegment target, Shape shape, int panel) {
        List<Run> runs = kept.runs();
        int rows = shape.extent(0);
        try (NativeMemory passing =
                NativeMemory.allocate(panel * kept.rowBytes(), "rows of a compaction in place " + shape)) {
            for (int start = 0; start < rows; start += panel) {
                int end = Math.min(rows, start + panel);
                gather(kept, runs, start, end, passing.segment());
                MemorySegment.copy(
                        passing.segment(), 0, target, kept.rowBytes() * start, kept.rowBytes() * (end - start));
            }
        }
    }
}
