package org.espalier.backend.cpu;

import org.espalier.backend.HostIndices;
import org.espalier.backend.LossOps;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

/** {@link Loss} after the checks. */
interface CpuLoss extends LossOps, CpuOps {

    @Override
    default void crossEntropy(Queue queue, Tensor logits, Tensor targets, Tensor lossOut, Tensor logSum) {
        Checks.crossEntropy(COMPUTE, logits, targets, lossOut, logSum);
        HostIndices.checkTargets("crossEntropy", targets, logits.shape().dim(1));
        new Loss(session().pool())
                .forward(
                        Segments.of(logits),
                        Segments.of(targets),
                        Segments.of(lossOut),
                        Segments.of(logSum),
                        logits.shape().extent(0),
                        logits.shape().columns());
    }

    @Override
    default void crossEntropyBackward(
            Queue queue, Tensor logits, Tensor targets, Tensor logSum, double weight, Tensor dLogits) {
        Checks.crossEntropyBackward(COMPUTE, logits, targets, logSum, dLogits);
        HostIndices.checkTargets("crossEntropyBackward", targets, logits.shape().dim(1));
        new Loss(session().pool())
                .backward(
                        Segments.of(logits),
                        Segments.of(targets),
                        Segments.of(logSum),
                        (float) weight,
                        Segments.of(dLogits),
                        logits.shape().extent(0),
                        logits.shape().columns());
    }
}
