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
     * What a model's predictions are held against, and what is kept of both for the way back.
     *
     * @param logits        {@code [tokens, vocab]}
     * @param teacher       logits of the teacher, {@code [tokens, vocab]}
     * @param targets       int32 {@code [tokens]}, in {@code [0, vocab)} or {@link LossOps#IGNORED}
     * @param share         {@code s}, what the divergence counts, from 0 to 1
     * @param logSum        {@code [tokens]}: {@code log Σ_v e^logits[t, v]}
     * @param teacherLogSum {@code [tokens]}: the same of the teacher's
     */
    record Taught(Tensor logits, Tensor teacher, Tensor targets, double share, Tensor logSum, Tensor teacherLogSum) {

        /** Tokens whose predictions are compared. */
        public int tokens() {
            return logits.shape().extent(0);
        }

        /** Numbers of a prediction. */
        public int vocab() {
            return logits.shape().columns();
        }
    }

    /**
     * {@code loss[t] = s Σ_v p_v (log p_v − log q_v) − (1 − s) log q[targets[t]]}, 0 where the target is {@link
     * LossOps#IGNORED}; {@code log q = logits − logSum}, {@code log p = teacher − teacherLogSum}. Both sums are written.
     *
     * @param loss {@code [tokens]}, natural logarithm
     */
    void distillation(Queue queue, Taught in, Tensor loss);

    /**
     * {@code dLogits[t, v] = weight · (q_v − s p_v − (1 − s) [v = targets[t]])}, 0 for ignored tokens; both sums are read.
     * {@code dLogits} may be {@code logits}.
     *
     * @param weight what each token's loss counts, usually 1 / counted tokens
     */
    void distillationBackward(Queue queue, Taught in, double weight, Tensor dLogits);

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
        public static void distillation(DType compute, Taught in, Tensor loss) {
            operands("distillation", compute, in, "loss", loss)
                    .is(loss, compute, in.logits().shape().dim(0))
                    .require(in.logits().shape().dim(1) > 0, "the vocabulary is empty");
        }

        /** As above, {@code dLogits} {@code [tokens, vocab]}. */
        public static void distillationBackward(DType compute, Taught in, Tensor dLogits) {
            operands("distillationBackward", compute, in, "dLogits", dLogits)
                    .like(dLogits, compute, in.logits().shape());
        }

        private static Operands operands(String operation, DType compute, Taught in, String name, Tensor written) {
            Operands o = Operands.of(
                            operation,
                            "logits",
                            in.logits(),
                            "teacher",
                            in.teacher(),
                            "targets",
                            in.targets(),
                            "logSum",
                            in.logSum(),
                            "teacherLogSum",
                            in.teacherLogSum(),
                            name,
                            written)
                    .rank(in.logits(), 2);
            long tokens = in.logits().shape().dim(0);
            return o.like(in.logits(), compute, in.logits().shape())
                    .like(in.teacher(), compute, in.logits().shape())
                    .is(in.targets(), DType.I32, tokens)
                    .is(in.logSum(), compute, tokens)
                    .is(in.teacherLogSum(), compute, tokens)
                    .require(in.share() >= 0 && in.share() <= 1, "the share is " + in.share() + ", outside 0 to 1");
        }
    }
}
