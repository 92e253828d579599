package org.espalier.backend.cpu;

import org.espalier.backend.DistillationOps;
import org.espalier.backend.HostIndices;
import org.espalier.backend.Queue;
import org.espalier.tensor.Tensor;

/** {@link Distillation} after the checks. */
interface CpuDistillation extends DistillationOps, CpuOps {

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
        HostIndices.checkTargets("distillation", targets, logits.shape().dim(1));
        new Distillation(session().pool(), input(logits, teacher, targets, logSum, teacherLogSum), share)
                .forward(Segments.of(loss));
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
        HostIndices.checkTargets("distillationBackward", targets, logits.shape().dim(1));
        new Distillation(session().pool(), input(logits, teacher, targets, logSum, teacherLogSum), share)
                .backward((float) weight, Segments.of(dLogits));
    }

    private static Distillation.Input input(
            Tensor logits, Tensor teacher, Tensor targets, Tensor logSum, Tensor teacherLogSum) {
        return new Distillation.Input(
                Segments.of(logits),
                Segments.of(teacher),
                Segments.of(targets),
                Segments.of(logSum),
                Segments.of(teacherLogSum),
                logits.shape().extent(0),
                logits.shape().columns());
    }
}
