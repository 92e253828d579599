package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * Loss of a model that learns from another one's predictions (Hinton et al. 2015, at temperature 1). With {@code p} the
 * teacher's distribution over the vocabulary and {@code q} the model's own, a token's loss is {@code s KL(p‖q) − (1 − s) log
 * q[target]}.
 */
public interface DistillationOps {

    /**
     * {@code loss[t] = s Σ_v p_v (log p_v − log q_v) − (1 − s) log q[targets[t]]}, 0 where the target is {@link
     * LossOps#IGNORED}; {@code log q = logits − logSum}, {@code log p = teacher − teacherLogSum}.
     *
     * @param logits        {@code [tokens, vocab]}
     * @param teacher       logits of the teacher, {@code [tokens, vocab]}
     * @param targets       int32 {@code [tokens]}, in {@code [0, vocab)} or {@link LossOps#IGNORED}
     * @param share         {@code s}, what the divergence counts, from 0 to 1
     * @param loss          {@code [tokens]}, natural logarithm
     * @param logSum        {@code [tokens]}: {@code log Σ_v e^logits[t, v]}
     * @param teacherLogSum {@code [tokens]}: the same of the teacher's
     */
    void distillation(
            Queue queue,
            Tensor logits,
            Tensor teacher,
            Tensor targets,
            double share,
            Tensor loss,
            Tensor logSum,
            Tensor teacherLogSum);

    /**
     * {@code dLogits[t, v] = weight · (q_v − s p_v − (1 − s) [v = targets[t]])}, 0 for ignored tokens. {@code dLogits} may be
     * {@code logits}.
     *
     * @param weight what each token's loss counts, usually 1 / counted tokens
     */
    void distillationBackward(
            Queue queue,
            Tensor logits,
            Tensor teacher,
            Tensor targets,
            double share,
            Tensor logSum,
            Tensor teacherLogSum,
            double weight,
            Tensor dLogits);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /**
         * {@code logits} and {@code teacher} must be {@code [tokens, vocab]} with {@code vocab > 0}, {@code targets} int32
         * {@code [tokens]}, the others {@code [tokens]}, and {@code share} from 0 to 1.
         */
        public static void distillation(
                DType compute,
                Tensor logits,
                Tensor teacher,
                Tensor targets,
                double share,
                Tensor loss,
                Tensor logSum,
                Tensor teacherLogSum) {
            Operands o = Operands.of(
                    "distillation",
                    "logits",
                    logits,
                    "teacher",
                    teacher,
                    "targets",
                    targets,
                    "loss",
                    loss,
                    "logSum",
                    logSum,
                    "teacherLogSum",
                    teacherLogSum);
            common(o, compute, logits, teacher, targets, share, logSum, teacherLogSum);
            o.is(loss, compute, logits.shape().dim(0)).require(logits.shape().dim(1) > 0, "the vocabulary is empty");
        }

        /** As above, {@code dLogits} {@code [tokens, vocab]}. */
        public static void distillationBackward(
                DType compute,
                Tensor logits,
                Tensor teacher,
                Tensor targets,
                double share,
                Tensor logSum,
                Tensor teacherLogSum,
                Tensor dLogits) {
            Operands o = Operands.of(
                    "distillationBackward",
                    "logits",
                    logits,
                    "teacher",
                    teacher,
                    "targets",
                    targets,
                    "logSum",
                    logSum,
                    "teacherLogSum",
                    teacherLogSum,
                    "dLogits",
                    dLogits);
            common(o, compute, logits, teacher, targets, share, logSum, teacherLogSum);
            o.like(dLogits, compute, logits.shape());
        }

        private static void common(
                Operands o,
                DType compute,
                Tensor logits,
                Tensor teacher,
                Tensor targets,
                double share,
                Tensor logSum,
                Tensor teacherLogSum) {
            o.rank(logits, 2);
            long tokens = logits.shape().dim(0);
            o.like(logits, compute, logits.shape())
                    .like(teacher, compute, logits.shape())
                    .is(targets, DType.I32, tokens)
                    .is(logSum, compute, tokens)
                    .is(teacherLogSum, compute, tokens)
                    .require(share >= 0 && share <= 1, "the share is " + share + ", outside 0 to 1");
        }
    }
}
