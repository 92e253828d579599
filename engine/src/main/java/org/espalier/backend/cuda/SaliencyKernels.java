package org.espalier.backend.cuda;

import org.espalier.backend.Saliency;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Launches {@code saliency.cu}. Shapes were checked by the caller. */
final class SaliencyKernels {

    private static final String FILE = "saliency";
    /** Rows and columns of a block, as the kernel has them. */
    private static final int PANEL_ROWS = 64;

    private static final int TILE_COLUMNS = 256;

    private final CudaSession session;
    private final CudaQueue queue;

    SaliencyKernels(CudaSession session, CudaQueue queue) {
        this.session = session;
        this.queue = queue;
    }

    /**
     * {@code gradient} and {@code fisher} are null where the saliency needs none, {@code scale}, float64 {@code [in]},
     * where columns are not multiplied.
     */
    void run(Saliency saliency, Tensor w, Tensor gradient, Tensor fisher, Tensor scale, Tensor rows, Tensor columns) {
        int out = w.shape().extent(0);
        int in = w.shape().extent(1);
        int panels = Math.ceilDiv(out, PANEL_ROWS);
        int tiles = Math.ceilDiv(in, TILE_COLUMNS);
        try (CudaBuffer buffer = session.memory()
                .scratch(
                        queue,
                        DType.F64.bytes((long) tiles * out + (long) panels * in),
                        "partial sums of saliency " + w.type() + " " + w.shape())) {
            Tensor rowSums = new Tensor(buffer, 0, DType.F64, Shape.of(tiles, out));
            Tensor columnSums = new Tensor(buffer, rowSums.bytes(), DType.F64, Shape.of(panels, in));
            if (w.shape().elements() > 0) {
                try (CudaKernel.Call call = session.call(queue, FILE, "saliency_" + CudaConvert.suffix(w.type()))) {
                    call.number(code(saliency))
                            .tensor(w)
                            .optional(gradient)
                            .optional(fisher)
                            .optional(scale)
                            .tensor(rowSums)
                            .tensor(columnSums)
                            .number(out)
                            .number(in)
                            .launch(
                                    new CudaGrid(tiles, panels, 1, CudaGrid.THREADS, 1),
                                    "saliency",
                                    saliency,
                                    w.type(),
                                    w.shape());
                }
            }
            total(rowSums, rows, saliency.sumsBeforeAbsolute());
            total(columnSums, columns, saliency.sumsBeforeAbsolute());
        }
    }

    private void total(Tensor partials, Tensor target, boolean absolute) {
        int count = target.shape().extent(0);
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = session.call(queue, FILE, "saliency_total")) {
            call.tensor(partials)
                    .number(partials.shape().extent(0))
                    .tensor(target)
                    .number(count)
                    .number(absolute ? 1 : 0)
                    .launch(CudaGrid.chunks(count, CudaGrid.THREADS), "saliency", partials.shape());
        }
    }

    /** What the kernel calls a saliency. */
    private static int code(Saliency saliency) {
        return switch (saliency) {
            case VECTORIZE -> 0;
            case PARAM_FIRST -> 1;
            case PARAM_SECOND -> 2;
            case PARAM_MIX -> 3;
            case L1 -> 4;
            case L2 -> 5;
        };
    }
}
