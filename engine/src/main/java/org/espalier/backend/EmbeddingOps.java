package org.espalier.backend;

import org.espalier.tensor.Tensor;

/** Rows looked up in, and added into, tables. */
public interface EmbeddingOps {

    /**
     * {@code out[t] = table[ids[t]]}.
     *
     * @param ids   int32 {@code [tokens]}, each in {@code [0, vocab)}
     * @param table any stored type {@code [vocab, channels]}
     * @param out   {@code [tokens, channels]}
     */
    void embedding(Queue queue, Tensor ids, Tensor table, Tensor out);

    /** {@code dTable[ids[t]] += dOut[t]}, tokens in ascending order; rows that no id names are left alone. */
    void embeddingBackward(Queue queue, Tensor ids, Tensor dOut, Tensor dTable);

    /**
     * {@code target[rows[t]] = source[t]}: how new keys and values enter a cache.
     *
     * @param source {@code [tokens, ...]}
     * @param rows   int32 {@code [tokens]}, distinct
     * @param target {@code [capacity, ...]}
     */
    void scatterRows(Queue queue, Tensor source, Tensor rows, Tensor target);

    /** {@code target[t] = source[rows[t]]}. */
    void gatherRows(Queue queue, Tensor source, Tensor rows, Tensor target);
}
