package org.espalier.backend.cuda;

import org.espalier.tensor.Tensor;

/** Launches {@code cross_entropy.cu}. Shapes were checked by the caller, targets are by the kernels. */
final class CudaLoss {

    private static final String FILE = "cross_entropy";

    private final CudaModules modules;

    CudaLoss(CudaModules modules) {
        this.modules = modules;
    }

    void forward(CudaQueue queue, Tensor logits, Tensor targets, Tensor loss, Tensor logSum) {
        int tokens = logits.shape().extent(0);
        if (tokens == 0) {
            return;
        }
        int vocab = logits.shape().columns();
        try (CudaKernel.Call call =
                modules.kernel(FILE, "cross_entropy_forward").on(queue)) {
            call.tensor(logits)
                    .tensor(targets)
                    .tensor(loss)
                    .tensor(logSum)
                    .number(vocab)
                    .launch(CudaGrid.longRows(tokens, vocab), "crossEntropy", logits.shape());
        }
    }

    void backward(CudaQueue queue, Tensor logits, Tensor targets, Tensor logSum, float weight, Tensor dLogits) {
        int tokens = logits.shape().extent(0);
        if (tokens == 0) {
            return;
        }
        int vocab = logits.shape().columns();
        try (CudaKernel.Call call =
                modules.kernel(FILE, "cross_entropy_backward").on(queue)) {
            call.tensor(logits)
                    .tensor(targets)
                    .tensor(logSum)
                    .number(weight)
                    .tensor(dLogits)
                    .number(vocab)
                    .launch(CudaGrid.cutRows(tokens, vocab), "crossEntropyBackward", logits.shape());
        }
    }
}
