package org.espalier.backend.cpu;

import org.espalier.backend.DistillationOps;
import org.espalier.backend.HostIndices;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

/** {@link Distillation} after the checks. */
interface CpuDistillation extends DistillationOps, CpuOps {

    @Override
    default void distillation(Queue queue, Taught in, Tensor loss) {
        Checks.distillation(COMPUTE, in, loss);
        HostIndices.checkTargets("distillation", in.targets(), in.vocab());
        new Distillation(session().pool(), input(in), in.share()).forward(Segments.of(loss));
    }

    @Override
    default void distillationBackward(Queue queue, Taught in, double weight, Tensor dLogits) {
        Checks.distillationBackward(COMPUTE, in, dLogits);
        HostIndices.checkTargets("distillationBackward", in.targets(), in.vocab());
        new Distillation(session().pool(), input(in), in.share()).backward((float) weight, Segments.of(dLogits));
    }

    private static Distillation.Input input(Taught in) {
        return new Distillation.Input(
                Segments.of(in.logits()),
                Segments.of(in.teacher()),
                Segments.of(in.targets()),
                Segments.of(in.logSum()),
                Segments.of(in.teacherLogSum()),
                in.tokens(),
                in.vocab());
    }
}
