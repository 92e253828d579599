package org.espalier.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.espalier.ffi.NativeMemory;

/** Puts the rows of a tensor in the order of a GGUF file while it is written, a block of rows at a time. */
final class GgufRows implements TensorEntry.Sink {

    private final RowOrder order;
    private final long rowBytes;
    private final MemorySegment block;
    private final MemorySegment ordered;
    private final TensorEntry.Sink sink;
    private long filled;

    private GgufRows(RowOrder order, long rowBytes, MemorySegment block, MemorySegment ordered, TensorEntry.Sink sink) {
        this.order = order;
        this.rowBytes = rowBytes;
        this.block = block;
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
        long blockBytes = order.blockRows() * rowBytes;
        try (NativeMemory memory = NativeMemory.allocate(2 * blockBytes, "rows of " + entry.name())) {
            MemorySegment both = memory.segment();
            GgufRows rows = new GgufRows(
                    order, rowBytes, both.asSlice(0, blockBytes), both.asSlice(blockBytes, blockBytes), sink);
            entry.content().writeTo(rows);
        }
    }

    @Override
    public void write(MemorySegment bytes) throws IOException {
        for (long at = 0; at < bytes.byteSize(); ) {
            long count = Math.min(block.byteSize() - filled, bytes.byteSize() - at);
            MemorySegment.copy(bytes, at, block, filled, count);
            filled += count;
            at += count;
            if (filled == block.byteSize()) {
                writeBlock();
            }
        }
    }

    private void writeBlock() throws IOException {
        for (long row = 0; row < order.blockRows(); row++) {
            MemorySegment.copy(block, row * rowBytes, ordered, order.sourceRow(row) * rowBytes, rowBytes);
        }
        sink.write(ordered);
        filled = 0;
    }
}
