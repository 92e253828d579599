package org.espalier.backend.cuda;

import org.espalier.backend.CompactOps;
import org.espalier.backend.InPlace;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

/** Launches {@code compact.cu}; the kernels look at the row and column numbers. */
interface CudaCompact extends CompactOps, CudaOps {

    /** Bytes that a thread copies at once, as the kernels have it. */
    int GATHERED_BYTES = 16;

    /** Rows that a block of threads copies, as the kernels have it. */
    int GATHERED_ROWS = 16;

    @Override
    default void gather(Queue queue, Tensor source, Tensor rows, Tensor columns, Tensor target) {
        Checks.gather(source, rows, columns, target);
        if (target.bytes() == 0) {
            return;
        }
        if (InPlace.is(source, target)) {
            gatherInPlace(queue, source, rows, columns, target);
        } else {
            gather(queue, source, rows, columns, target, -target.shape().extent(0));
        }
    }

    private void gatherInPlace(Queue queue, Tensor source, Tensor rows, Tensor columns, Tensor target) {
        int kept = target.shape().extent(0);
        int panel = InPlace.panelRows(target);
        CudaQueue stream = session().ownQueue(queue);
        try (CudaBuffer passing = session()
                .memory()
                .scratch(
                        stream,
                        panel * target.rowBytes(),
                        "rows of a compaction in place " + target.type() + " " + target.shape())) {
            for (int start = 0; start < kept; start += panel) {
                int end = Math.min(kept, start + panel);
                Tensor place = target.slice(start, end);
                Tensor gathered = new Tensor(passing, 0, place.type(), place.shape());
                gather(
                        queue,
                        rows == null ? source.slice(start, end) : source,
                        rows == null ? null : rows.slice(start, end),
                        columns,
                        gathered,
                        start);
                CudaConvert.copy(stream, gathered, place, "gather");
            }
        }
    }

    /** @param earliest the first row that the target's first row may come from; its next row may from the next, and so on */
    private void gather(Queue queue, Tensor source, Tensor rows, Tensor columns, Tensor target, int earliest) {
        int bytes = source.type().blockBytes();
        int keptRows = target.shape().extent(0);
        int keptColumns = target.shape().extent(1);
        int columnBlocks = Math.ceilDiv(Math.ceilDiv(keptColumns * bytes, GATHERED_BYTES), CudaGrid.THREADS);
        try (CudaKernel.Call call = session().call(queue, "compact", "gather_" + bytes)) {
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
                            new CudaGrid(columnBlocks, Math.ceilDiv(keptRows, GATHERED_ROWS), 1, CudaGrid.THREADS, 1),
                            "gather",
                            source.type(),
                            source.shape(),
                            target.shape());
        }
    }
}
