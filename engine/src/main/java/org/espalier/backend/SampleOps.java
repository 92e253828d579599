package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Choosing from rows of numbers, as the next token is chosen from logits. */
public interface SampleOps {

    /** {@code out[t] =} the index of the largest of {@code x[t]}, the first of equals; int32. */
    void argMax(Queue queue, Tensor x, Tensor out);

    /**
     * {@code out[t] =} an index drawn from {@code logits[t]} as {@code sampling} says. Where a backend's logits are those of
     * another, so are its draws, but for numbers that fall within rounding of a boundary between two tokens.
     *
     * @param logits    {@code [rows, vocab]}, at most 2²² to a row; NaN counts as −∞
     * @param positions int32 {@code [rows]}: which of the seed's random numbers each row takes
     * @param out       int32 {@code [rows]}
     */
    void sample(Queue queue, Tensor logits, Tensor positions, Sampling sampling, Tensor out);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /** {@code x} must be {@code [rows, n]} with {@code n > 0} and {@code out} int32 {@code [rows]}. */
        public static void argMax(DType compute, Tensor x, Tensor out) {
            Operands o = Operands.of("argMax", "x", x, "out", out).rank(x, 2);
            o.like(x, compute, x.shape())
                    .is(out, DType.I32, x.shape().dim(0))
                    .require(x.shape().dim(1) > 0, "rows are empty");
        }

        /**
         * {@code logits} must be {@code [rows, vocab]} with {@code vocab} from 1 to {@link Sampling#MOST_TOKENS},
         * {@code positions} and {@code out} int32 {@code [rows]}.
         */
        public static void sample(DType compute, Tensor logits, Tensor positions, Tensor out) {
            Operands o = Operands.of("sample", "logits", logits, "positions", positions, "out", out)
                    .rank(logits, 2);
            o.like(logits, compute, logits.shape())
                    .is(positions, DType.I32, logits.shape().dim(0))
                    .is(out, DType.I32, logits.shape().dim(0))
                    .require(logits.shape().dim(1) > 0, "rows are empty")
                    .require(logits.shape().dim(1) <= Sampling.MOST_TOKENS, "rows of more than 2^22 numbers");
        }
    }
}
