package org.espalier.backend.cuda;

import org.espalier.tensor.Tensor;

/** Launches {@code matvec.cu}: linear layers of a few tokens, whose weight is read once as it is stored. */
final class CudaMatVec {

    /** As the kernels have it. */
    private static final int MOST_TOKENS = 4;
    /** Rows of the weight of a block, a warp each. */
    private static final int ROWS = 8;

    private final CudaSession session;
    private final CudaQueue queue;

    CudaMatVec(CudaSession session, CudaQueue queue) {
        this.session = session;
        this.queue = queue;
    }

    /** Whether it is the way for so many tokens. */
    static boolean suits(int tokens) {
        return tokens <= MOST_TOKENS;
    }

    /** {@code y = x wᵀ}. */
    void run(Tensor x, Tensor w, Tensor y) {
        int out = w.shape().extent(0);
        try (CudaKernel.Call call = session.call(queue, "matvec", "matvec_" + CudaConvert.suffix(w.type()))) {
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
