package org.espalier.backend.cuda;

import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code bias.cu}. Shapes were checked by the caller. */
final class CudaBias {

    private static final String FILE = "bias";
    /** Of the backward kernel: columns and rows of a block. */
    private static final int COLUMNS = 32;

    private static final int ROWS = 16;

    private final CudaModules modules;

    CudaBias(CudaModules modules) {
        this.modules = modules;
    }

    /** {@code y [tokens, out] += bias [out]}. */
    void add(CudaQueue queue, Tensor y, Tensor bias) {
        try (CudaKernel.Call call = modules.kernel(FILE, "bias_forward_" + CudaConvert.suffix(bias.type()))
                .on(queue)) {
            call.tensor(y)
                    .tensor(bias)
                    .number(y.shape().columns())
                    .launch(CudaGrid.cutRows(y.shape().rows(), y.shape().columns()), "linear bias", y.shape());
        }
    }

    /** {@code dBias = beta dBias + Σ_tokens dY}. */
    void backward(CudaQueue queue, Tensor dY, Target dBias) {
        int out = dY.shape().columns();
        if (out == 0) {
            return;
        }
        try (CudaKernel.Call call = modules.kernel(FILE, "bias_backward").on(queue)) {
            call.tensor(dY)
                    .target(dBias)
                    .number(dY.shape().extent(0))
                    .number(out)
                    .launch(
                            new CudaGrid(Math.ceilDiv(out, COLUMNS), 1, 1, COLUMNS, ROWS),
                            "linearBackwardBias",
                            dY.shape());
        }
    }
}
