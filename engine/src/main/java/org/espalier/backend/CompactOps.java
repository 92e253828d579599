package org.espalier.backend;

import org.espalier.tensor.Tensor;

/** Structured compaction: what is left of a tensor when whole rows and columns are cut out of it. */
public interface CompactOps {

    /**
     * {@code target[i, k] = source[rows[i], columns[k]]}: numbers are copied as they are.
     *
     * @param source  {@code [out, in]}, any plain type
     * @param rows    int32 {@code [kept rows]}, each in {@code [0, out)}, or null for all
     * @param columns int32 {@code [kept columns]}, each in {@code [0, in)}, or null for all
     * @param target  {@code [kept rows, kept columns]}, of the source's type
     */
    void gather(Queue queue, Tensor source, Tensor rows, Tensor columns, Tensor target);
}
