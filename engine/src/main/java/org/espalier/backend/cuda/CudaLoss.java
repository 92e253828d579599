package org.espalier.backend.cuda;

import org.espalier.backend.LossOps;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

/** Launches {@code cross_entropy.cu}; the kernels look at the targets. */
interface CudaLoss extends LossOps, CudaOps {

    @Override
    default void crossEntropy(Queue queue, Tensor logits, Tensor targets, Tensor loss, Tensor logSum) {
        Checks.crossEntropy(COMPUTE, logits, targets, loss, logSum);
        int tokens = logits.shape().extent(0);
        if (tokens == 0) {
            return;
        }
        int vocab = logits.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "cross_entropy", "cross_entropy_forward")) {
            call.tensor(logits)
                    .tensor(targets)
                    .tensor(loss)
                    .tensor(logSum)
                    .number(vocab)
                    .launch(CudaGrid.longRows(tokens, vocab), "crossEntropy", logits.shape());
        }
    }

    @Override
    default void crossEntropyBackward(
            Queue queue, Tensor logits, Tensor targets, Tensor logSum, double weight, Tensor dLogits) {
        Checks.crossEntropyBackward(COMPUTE, logits, targets, logSum, dLogits);
        int tokens = logits.shape().extent(0);
        if (tokens == 0) {
            return;
        }
        int vocab = logits.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "cross_entropy", "cross_entropy_backward")) {
            call.tensor(logits)
                    .tensor(targets)
                    .tensor(logSum)
                    .number((float) weight)
                    .tensor(dLogits)
                    .number(vocab)
                    .launch(CudaGrid.cutRows(tokens, vocab), "crossEntropyBackward", logits.shape());
        }
    }
}
