package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.HostBuffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * The weight of a linear layer, {@code [out, in]}.
 *
 * @param mapped whether it lies in a mapped file, which somebody may shorten: native code must see a copy
 */
record Weight(DType type, boolean mapped, MemorySegment memory, int in, int out) {

    static Weight of(Tensor w) {
        return new Weight(
                w.type(),
                HostBuffer.isView(w),
                Segments.of(w),
                w.shape().columns(),
                w.shape().extent(0));
    }

    /** The first byte of a row. */
    long row(int row) {
        return type.bytes((long) in * row);
    }
}
