package org.espalier.backend.cuda;

import org.espalier.backend.DistillationOps;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

/** Launches {@code distillation.cu}; the kernels look at the targets. */
interface CudaDistillation extends DistillationOps, CudaOps {

    @Override
    default void distillation(
            Queue queue,
            Tensor logits,
            Tensor teacher,
            Tensor targets,
            double share,
            Tensor loss,
            Tensor logSum,
            Tensor teacherLogSum) {
        Checks.distillation(COMPUTE, logits, teacher, targets, share, loss, logSum, teacherLogSum);
        int tokens = logits.shape().extent(0);
        if (tokens == 0) {
            return;
        }
        int vocab = logits.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "distillation", "distillation_forward")) {
            call.tensor(logits)
                    .tensor(teacher)
                    .tensor(targets)
                    .number((float) share)
                    .tensor(loss)
                    .tensor(logSum)
                    .tensor(teacherLogSum)
                    .number(vocab)
                    .launch(CudaGrid.longRows(tokens, vocab), "distillation", logits.shape());
        }
    }

    @Override
    default void distillationBackward(
            Queue queue,
            Tensor logits,
            Tensor teacher,
            Tensor targets,
            double share,
            Tensor logSum,
            Tensor teacherLogSum,
            double weight,
            Tensor dLogits) {
        Checks.distillationBackward(COMPUTE, logits, teacher, targets, share, logSum, teacherLogSum, dLogits);
        int tokens = logits.shape().extent(0);
        if (tokens == 0) {
            return;
        }
        int vocab = logits.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "distillation", "distillation_backward")) {
            call.tensor(logits)
                    .tensor(teacher)
                    .tensor(targets)
                    .number((float) share)
                    .tensor(logSum)
                    .tensor(teacherLogSum)
                    .number((float) weight)
                    .tensor(dLogits)
                    .number(vocab)
                    .launch(CudaGrid.cutRows(tokens, vocab), "distillationBackward", logits.shape());
        }
    }
}
