package org.espalier.backend;

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
}
