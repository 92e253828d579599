package org.espalier.backend.cuda;

import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code bias.cu}. Shapes were checked by the caller. */
final class CudaBias {

    private static final String FILE = "bias";
    private final CudaSession session;
    private final CudaQueue queue;

    CudaBias(CudaSession session, CudaQueue queue) {
        this.session = session;
        this.queue = queue;
    }

    /** {@code y [tokens, out] += bias [out]}. */
    void add(Tensor y, Tensor bias) {
        try (CudaKernel.Call call = session.call(queue, FILE, "bias_forward_" + CudaConvert.suffix(bias.type()))) {
            call.tensor(y)
                    .tensor(bias)
                    .number(y.shape().columns())
                    .launch(CudaGrid.cutRows(y.shape().rows(), y.shape().columns()), "linear bias", y.shape());
        }
    }

    /** {@code dBias = beta dBias + Σ_tokens dY}. */
    void backward(Tensor dY, Target dBias) {
        int out = dY.shape().columns();
        if (out == 0) {
            return;
        }
        try (CudaKernel.Call call = session.call(queue, FILE, "bias_backward")) {
            call.tensor(dY)
                    .target(dBias)
                    .number(dY.shape().extent(0))
                    .number(out)
                    .launch(CudaGrid.columnSums(out), "linearBackwardBias", dY.shape());
        }
    }
}
