package org.espalier.backend.cuda;

import org.espalier.tensor.Tensor;

/** Launches {@code matvec.cu}: linear layers of a few tokens, whose weight is read once as it is stored. */
final class CudaMatVec {

    /** As the kernels have it. */
    private static final int MOST_TOKENS = 4;
    /** Rows of the weight of a block, a warp each. */
    private static final int ROWS = 8;

    private final CudaModules modules;

    CudaMatVec(CudaModules modules) {
        this.modules = modules;
    }

    /** Whether it is the way for so many tokens. */
    static boolean suits(int tokens) {
        return tokens <= MOST_TOKENS;
    }

    /** {@code y = x wᵀ}. */
    void run(CudaQueue queue, Tensor x, Tensor w, Tensor y) {
        int out = w.shape().extent(0);
        try (CudaKernel.Call call = modules.kernel("matvec", "matvec_" + CudaConvert.suffix(w.type()))
                .on(queue)) {
            call.tensor(x)
                    .tensor(w)
                    .tensor(y)
                    .number(x.shape().extent(0))
                    .number(out)
                    .number(w.shape().extent(1))
                    .launch(
                            CudaGrid.of(Math.ceilDiv(out, ROWS), CudaGrid.THREADS),
                            "linear",
                            x.shape(),
                            w.type(),
                            w.shape());
        }
    }
}
