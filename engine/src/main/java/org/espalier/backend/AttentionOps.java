package org.espalier.backend;

import org.espalier.tensor.Tensor;

/** Rotary position embedding and causal grouped-query attention. */
public interface AttentionOps {

    /**
     * Rotates pairs of every head by the angle of the token's position (Su et al. 2021). With {@code interleaved} false
     * (the Hugging Face form) pair {@code i} is {@code (i, i + headDim / 2)}, else {@code (2i, 2i + 1)}.
     *
     * @param x         {@code [tokens, heads, headDim]}
     * @param positions int32 {@code [tokens]}
     * @param table     cosines then sines, {@code [maxPositions, 2, headDim / 2]}, compute type
     * @param inverse   rotate back: the derivative
     * @param y         {@code [tokens, heads, headDim]}
     */
    void rotary(Queue queue, Tensor x, Tensor positions, Tensor table, boolean interleaved, boolean inverse, Target y);

    /**
     * {@code out[t, h] = Σ_s softmax_s(scale · query[t, h] · key[s, g]) value[s, g]} over the keys that
     * the sequences let {@code t} see; query head {@code h} uses key/value head {@code g = h / (heads / kvHeads)}.
     *
     * @param out    {@code [tokens, heads, valueDim]}
     * @param logSum {@code [tokens, heads]}: the logarithm of each softmax's denominator, for the backward step
     */
    void attention(Queue queue, AttentionInput in, Tensor out, Tensor logSum);

    /**
     * The derivative of {@link #attention}, recomputing the weights from {@code logSum}. Each target is null if nobody
     * wants it; {@code dKey} and {@code dValue} have as many rows as {@code key}, of which rows no sequence looks at
     * get 0 or, in a target that is added to, stay.
     */
    void attentionBackward(
            Queue queue,
            AttentionInput in,
            Tensor out,
            Tensor logSum,
            Tensor dOut,
            Target dQuery,
            Target dKey,
            Target dValue);
}
