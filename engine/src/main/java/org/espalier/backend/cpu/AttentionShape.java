package org.espalier.backend.cpu;

/**
 * Where the rows of attention's tensors lie; all offsets are in bytes of float32, all strides in numbers.
 *
 * @param heads    query heads
 * @param kvHeads  key/value heads
 * @param dim      numbers of a query or key
 * @param valueDim numbers of a value
 */
record AttentionShape(int heads, int kvHeads, int dim, int valueDim) {

    /** Query heads that share a key/value head. */
    int shared() {
        return heads / kvHeads;
    }

    /** The key/value head of a query head. */
    int group(int head) {
        return head / shared();
    }

    int queryStride() {
        return heads * dim;
    }

    int keyStride() {
        return kvHeads * dim;
    }

    int valueStride() {
        return kvHeads * valueDim;
    }

    int outStride() {
        return heads * valueDim;
    }

    long query(int row, int head) {
        return 4L * dim * ((long) row * heads + head);
    }

    long key(int row, int kvHead) {
        return 4L * dim * ((long) row * kvHeads + kvHead);
    }

    long value(int row, int kvHead) {
        return 4L * valueDim * ((long) row * kvHeads + kvHead);
    }

    long out(int row, int head) {
        return 4L * valueDim * ((long) row * heads + head);
    }

    long logSum(int row, int head) {
        return 4L * ((long) row * heads + head);
    }
}
