package org.espalier.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.espalier.ffi.NativeMemory;

/** Puts the rows of a tensor in the order of a GGUF file while it is written, a head at a time. */
final class GgufRows implements TensorEntry.Sink {

    private final RowOrder order;
    private final long rowBytes;
    private final MemorySegment head;
    private final MemorySegment ordered;
    private final TensorEntry.Sink sink;
    private long filled;

    private GgufRows(RowOrder order, long rowBytes, MemorySegment head, MemorySegment ordered, TensorEntry.Sink sink) {
        this.order = order;
        this.rowBytes = rowBytes;
        this.head = head;
        this.ordered = ordered;
        this.sink = sink;
    }

    /** The tensor with its rows as they lie in the file. */
    static TensorEntry inFileOrder(GgufContent.Tensor tensor) {
        TensorEntry entry = tensor.entry();
        if (tensor.order().identity()) {
            return entry;
        }
        long rowBytes = entry.bytes() / entry.shape().dim(0);
        return new TensorEntry(
                entry.name(), entry.type(), entry.shape(), sink -> write(entry, tensor.order(), rowBytes, sink));
    }

    private static void write(TensorEntry entry, RowOrder order, long rowBytes, TensorEntry.Sink sink)
            throws IOException {
        long headBytes = order.headDim() * rowBytes;
        try (NativeMemory memory = NativeMemory.allocate(2 * headBytes, "rows of " + entry.name())) {
            MemorySegment both = memory.segment();
            GgufRows rows =
                    new GgufRows(order, rowBytes, both.asSlice(0, headBytes), both.asSlice(headBytes, headBytes), sink);
            entry.content().writeTo(rows);
        }
    }

    @Override
    public void write(MemorySegment bytes) throws IOException {
        for (long at = 0; at < bytes.byteSize(); ) {
            long count = Math.min(head.byteSize() - filled, bytes.byteSize() - at);
            MemorySegment.copy(bytes, at, head, filled, count);
            filled += count;
            at += count;
            if (filled == head.byteSize()) {
                writeHead();
            }
        }
    }

    private void writeHead() throws IOException {
        for (int row = 0; row < order.headDim(); row++) {
            MemorySegment.copy(head, row * rowBytes, ordered, order.sourceRow(row) * rowBytes, rowBytes);
        }
        sink.write(ordered);
        filled = 0;
    }
}
