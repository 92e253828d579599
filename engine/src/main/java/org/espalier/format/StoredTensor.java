package org.espalier.format;

import java.lang.foreign.MemorySegment;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/**
 * A weight as it lies in a mapped file.
 *
 * @param name  Hugging Face's name, such as {@code model.layers.0.self_attn.q_proj.weight}
 * @param type  how its numbers are stored
 * @param shape PyTorch's layout, such as {@code [out, in]}
 * @param bytes its bytes in the mapped file, in no particular alignment
 * @param order the order in which its rows (entries of the first axis) lie there
 */
public record StoredTensor(String name, DType type, Shape shape, MemorySegment bytes, RowOrder order) {

    /** Entries of the first axis; 1 for a scalar. */
    public long rows() {
        return shape.rank() == 0 ? 1 : shape.dim(0);
    }

    /** Bytes of one row, 0 if there are none. */
    public long rowBytes() {
        return rows() == 0 ? 0 : bytes.byteSize() / rows();
    }

    /** Where row {@code row} of Hugging Face's order starts in {@link #bytes}. */
    public long rowOffset(long row) {
        return order.sourceRow(row) * rowBytes();
    }

    /** Copies the whole tensor, in its stored type and Hugging Face's row order, to the start of {@code target}. */
    public void copyRows(MemorySegment target) {
        copyRows(0, rows(), target);
    }

    /** Copies rows {@code first} (included) to {@code end} (excluded) of Hugging Face's order to the start of {@code target}. */
    public void copyRows(long first, long end, MemorySegment target) {
        long rowBytes = rowBytes();
        if (order.identity()) {
            MemorySegment.copy(bytes, first * rowBytes, target, 0, (end - first) * rowBytes);
            return;
        }
        for (long row = first; row < end; row++) {
            MemorySegment.copy(bytes, rowOffset(row), target, (row - first) * rowBytes, rowBytes);
        }
    }
}
