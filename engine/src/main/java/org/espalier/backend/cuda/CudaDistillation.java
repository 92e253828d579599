package org.espalier.backend.cuda;

import org.espalier.backend.DistillationOps;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

/** Launches {@code distillation.cu}; the kernels look at the targets. */
interface CudaDistillation extends DistillationOps, CudaOps {

    @Override
    default void distillation(Queue queue, Taught in, Tensor loss) {
        Checks.distillation(COMPUTE, in, loss);
        if (in.tokens() == 0) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "distillation", "distillation_forward")) {
            call.tensor(in.logits())
                    .tensor(in.teacher())
                    .tensor(in.targets())
                    .number((float) in.share())
                    .tensor(loss)
                    .tensor(in.logSum())
                    .tensor(in.teacherLogSum())
                    .number(in.vocab())
                    .launch(
                            CudaGrid.longRows(in.tokens(), in.vocab()),
                            "distillation",
                            in.logits().shape());
        }
    }

    @Override
    default void distillationBackward(Queue queue, Taught in, double weight, Tensor dLogits) {
        Checks.distillationBackward(COMPUTE, in, dLogits);
        if (in.tokens() == 0) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "distillation", "distillation_backward")) {
            call.tensor(in.logits())
                    .tensor(in.teacher())
                    .tensor(in.targets())
                    .number((float) in.share())
                    .tensor(in.logSum())
                    .tensor(in.teacherLogSum())
                    .number((float) weight)
                    .tensor(dLogits)
                    .number(in.vocab())
                    .launch(
                            CudaGrid.cutRows(in.tokens(), in.vocab()),
                            "distillationBackward",
                            in.logits().shape());
        }
    }
}
