package org.espalier.backend.cuda;

import org.espalier.tensor.Tensor;

/** Launches {@code compact.cu}. Shapes were checked by the caller, row and column numbers are by the kernels. */
final class CudaCompact {

    /** Bytes that a thread copies at once, and rows of a block, as the kernels have them. */
    private static final int WIDE = 16;
    private static final int PANEL_ROWS = 16;

    private final CudaModules modules;

    CudaCompact(CudaModules modules) {
        this.modules = modules;
    }

    /** {@code rows} and {@code columns} are null where all stay. */
    void gather(CudaQueue queue, Tensor source, Tensor rows, Tensor columns, Tensor target) {
        if (target.bytes() == 0) {
            return;
        }
        int bytes = source.type().blockBytes();
        int keptRows = target.shape().extent(0);
        int keptColumns = target.shape().extent(1);
        int across = Math.ceilDiv(Math.ceilDiv(keptColumns * bytes, WIDE), CudaGrid.THREADS);
        try (CudaKernel.Call call = modules.kernel("compact", "gather_" + bytes).on(queue)) {
            call.tensor(source).optional(rows).optional(columns).tensor(target).number(source.shape().extent(0))
                    .number(source.shape().extent(1)).number(keptRows).number(keptColumns)
                    .launch(new CudaGrid(across, Math.ceilDiv(keptRows, PANEL_ROWS), 1, CudaGrid.THREADS, 1), "gather",
                            source.type(), source.shape(), target.shape());
        }
    }
}
