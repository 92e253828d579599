package org.espalier.backend.cuda;

import org.espalier.backend.InPlace;
import org.espalier.tensor.Tensor;

/** Launches {@code compact.cu}. Shapes were checked by the caller, row and column numbers are by the kernels. */
final class CudaCompact {

    /** Bytes that a thread copies at once, and rows of a block, as the kernels have them. */
    private static final int WIDE = 16;

    private static final int PANEL_ROWS = 16;

    private final CudaMemory memory;
    private final CudaModules modules;

    CudaCompact(CudaMemory memory, CudaModules modules) {
        this.memory = memory;
        this.modules = modules;
    }

    /** {@code rows} and {@code columns} are null where all stay. */
    void gather(CudaQueue queue, Tensor source, Tensor rows, Tensor columns, Tensor target) {
        if (target.bytes() == 0) {
            return;
        }
        if (InPlace.is(source, target)) {
            inPlace(queue, source, rows, columns, target);
        } else {
            launch(queue, source, rows, columns, target, -target.shape().extent(0));
        }
    }

    private void inPlace(CudaQueue queue, Tensor source, Tensor rows, Tensor columns, Tensor target) {
        int kept = target.shape().extent(0);
        int panel = InPlace.panelRows(target);
        try (CudaBuffer passing = memory.scratch(
                queue,
                panel * target.rowBytes(),
                "rows of a compaction in place " + target.type() + " " + target.shape())) {
            for (int from = 0; from < kept; from += panel) {
                int to = Math.min(kept, from + panel);
                Tensor place = target.slice(from, to);
                Tensor gathered = new Tensor(passing, 0, place.type(), place.shape());
                launch(
                        queue,
                        rows == null ? source.slice(from, to) : source,
                        rows == null ? null : rows.slice(from, to),
                        columns,
                        gathered,
                        from);
                CudaConvert.copy(queue, gathered, place, "gather");
            }
        }
    }

    /** @param earliest the first row that the target's first row may come from; its next row may from the next, and so on */
    private void launch(CudaQueue queue, Tensor source, Tensor rows, Tensor columns, Tensor target, int earliest) {
        int bytes = source.type().blockBytes();
        int keptRows = target.shape().extent(0);
        int keptColumns = target.shape().extent(1);
        int across = Math.ceilDiv(Math.ceilDiv(keptColumns * bytes, WIDE), CudaGrid.THREADS);
        try (CudaKernel.Call call = modules.kernel("compact", "gather_" + bytes).on(queue)) {
            call.tensor(source)
                    .optional(rows)
                    .optional(columns)
                    .tensor(target)
                    .number(source.shape().extent(0))
                    .number(source.shape().extent(1))
                    .number(keptRows)
                    .number(keptColumns)
                    .number(earliest)
                    .launch(
                            new CudaGrid(across, Math.ceilDiv(keptRows, PANEL_ROWS), 1, CudaGrid.THREADS, 1),
                            "gather",
                            source.type(),
                            source.shape(),
                            target.shape());
        }
    }
}
