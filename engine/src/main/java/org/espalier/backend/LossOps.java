package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Cross-entropy over a vocabulary. */
public interface LossOps {

    /** The target of a token that does not count. */
    int IGNORED = -100;

    /**
     * {@code loss[t] = logSum[t] − logits[t, targets[t]]}, 0 where the target is {@link #IGNORED}.
     *
     * @param logits  {@code [tokens, vocab]}
     * @param targets int32 {@code [tokens]}, in {@code [0, vocab)} or {@link #IGNORED}
     * @param loss    {@code [tokens]}, natural logarithm
     * @param logSum  {@code [tokens]}: {@code log Σ_v e^logits[t, v]}
     */
    void crossEntropy(Queue queue, Tensor logits, Tensor targets, Tensor loss, Tensor logSum);

    /**
     * {@code dLogits[t, v] = weight · (e^(logits[t, v] − logSum[t]) − [v = targets[t]])}, 0 for ignored tokens.
     * {@code dLogits} may be {@code logits}.
     *
     * @param weight what each token's loss counts, usually 1 / counted tokens
     */
    void crossEntropyBackward(Queue queue, Tensor logits, Tensor targets, Tensor logSum, double weight, Tensor dLogits);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /**
         * {@code logits} must be {@code [tokens, vocab]} with {@code vocab > 0}, {@code targets} int32 {@code
         * [tokens]}, {@code loss} and {@code logSum} {@code [tokens]}.
         */
        public static void crossEntropy(DType compute, Tensor logits, Tensor targets, Tensor loss, Tensor logSum) {
            Operands o = Operands.of(
                            "crossEntropy", "logits", logits, "targets", targets, "loss", loss, "logSum", logSum)
                    .rank(logits, 2);
            long tokens = logits.shape().dim(0);
            o.like(logits, compute, logits.shape())
                    .is(targets, DType.I32, tokens)
                    .is(loss, compute, tokens)
                    .is(logSum, compute, tokens)
                    .require(logits.shape().dim(1) > 0, "the vocabulary is empty");
        }

        /**
         * {@code logits} and {@code dLogits} must be {@code [tokens, vocab]}, {@code targets} int32 {@code [tokens]}
         * and {@code logSum} {@code [tokens]}.
         */
        public static void crossEntropyBackward(
                DType compute, Tensor logits, Tensor targets, Tensor logSum, Tensor dLogits) {
            Operands o = Operands.of(
                            "crossEntropyBackward",
                            "logits",
                            logits,
                            "targets",
                            targets,
                            "logSum",
                            logSum,
                            "dLogits",
                            dLogits)
                    .rank(logits, 2);
            long tokens = logits.shape().dim(0);
            o.like(logits, compute, logits.shape())
                    .is(targets, DType.I32, tokens)
                    .is(logSum, compute, tokens)
                    .like(dLogits, compute, logits.shape());
        }
    }
}
