package org.espalier.backend;

import org.espalier.tensor.Tensor;

/**
 * What attention looks at, in its forward and its backward step.
 *
 * @param sequences how the tokens and the rows of keys divide into sequences
 * @param scale     multiplies the scores
 * @param query     {@code [tokens, heads, headDim]}
 * @param key       {@code [rows, kvHeads, headDim]}
 * @param value     {@code [rows, kvHeads, valueDim]}
 */
public record AttentionInput(Sequences sequences, double scale, Tensor query, Tensor key, Tensor value) {

    public int tokens() {
        return query.shape().extent(0);
    }

    public int heads() {
        return query.shape().extent(1);
    }

    public int keyRows() {
        return key.shape().extent(0);
    }

    public int kvHeads() {
        return key.shape().extent(1);
    }

    public int headDim() {
        return query.shape().extent(2);
    }

    public int valueDim() {
        return value.shape().extent(2);
    }
}
