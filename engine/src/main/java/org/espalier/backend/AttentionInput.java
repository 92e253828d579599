package org.espalier.backend;

import org.espalier.tensor.Tensor;

/**
 * What attention looks at, in its forward and its backward step.
 *
 * @param sequences how the tokens and the rows of keys divide into sequences
 * @param form      what becomes of products, and how far back a query looks
 * @param query     {@code [tokens, heads, headDim]}
 * @param key       {@code [rows, kvHeads, headDim]}
 * @param value     {@code [rows, kvHeads, valueDim]}
 * @param slopes    {@code [heads]}: what each place that a key lies further back takes off a score; or null for nothing
 */
public record AttentionInput(
        Sequences sequences, AttentionForm form, Tensor query, Tensor key, Tensor value, Tensor slopes) {

    /** Of products as they are, multiplied by {@code scale}. */
    public AttentionInput(Sequences sequences, double scale, Tensor query, Tensor key, Tensor value) {
        this(sequences, AttentionForm.plain(scale), query, key, value, null);
    }

    /** Query rows of all sequences. */
    public int tokens() {
        return query.shape().extent(0);
    }

    /** Query heads, a multiple of {@link #kvHeads()}. */
    public int heads() {
        return query.shape().extent(1);
    }

    /** Rows of keys and values, those that no sequence looks at included. */
    public int keyRows() {
        return key.shape().extent(0);
    }

    /** Key/value heads; each serves {@code heads / kvHeads} query heads. */
    public int kvHeads() {
        return key.shape().extent(1);
    }

    /** Numbers of a query and of a key. */
    public int headDim() {
        return query.shape().extent(2);
    }

    /** Numbers of a value, and so of a head's output. */
    public int valueDim() {
        return value.shape().extent(2);
    }
}
