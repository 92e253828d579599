package org.espalier.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** Gathers the numbers of a float32 matrix to whole rows, many at a time. */
final class RowChunks implements TensorEntry.Sink {

    /** Numbers at a time, or a row where that is longer. */
    private static final int CHUNK = 1 << 18;

    /** Takes the next rows. */
    @FunctionalInterface
    interface Taker {
        /**
         * Takes them.
         *
         * @param numbers {@code [rows, columns]}; what comes behind them means nothing
         */
        void take(float[] numbers, int rows) throws IOException;
    }

    private final int columns;
    private final MemorySegment bytes;
    private final float[] numbers;
    private final Taker taker;
    private long filled;

    private RowChunks(int columns, MemorySegment bytes, float[] numbers, Taker taker) {
        this.columns = columns;
        this.bytes = bytes;
        this.numbers = numbers;
        this.taker = taker;
    }

    /** Most rows that are taken together. */
    static int rows(Shape shape) {
        return (int) Math.max(1, Math.min(CHUNK, shape.elements()) / Math.max(1, shape.dim(-1)));
    }

    /** Reads a matrix, or a stack of them, from its beginning to its end. */
    static void read(TensorEntry matrix, Taker taker) throws IOException {
        if (matrix.type() != DType.F32) {
            throw new IllegalStateException("tensor " + matrix.name() + " is " + matrix.type() + ", not float32");
        }
        int columns = matrix.shape().extent(matrix.shape().rank() - 1);
        float[] numbers = new float[rows(matrix.shape()) * columns];
        try (NativeMemory memory = NativeMemory.allocate(DType.F32.bytes(numbers.length), "rows of " + matrix.name())) {
            RowChunks chunks = new RowChunks(columns, memory.segment(), numbers, taker);
            matrix.content().writeTo(chunks);
            chunks.flush();
        }
    }

    @Override
    public void write(MemorySegment more) throws IOException {
        for (long at = 0; at < more.byteSize(); ) {
            long count = Math.min(bytes.byteSize() - filled, more.byteSize() - at);
            MemorySegment.copy(more, at, bytes, filled, count);
            filled += count;
            at += count;
            if (filled == bytes.byteSize()) {
                flush();
            }
        }
    }

    private void flush() throws IOException {
        int count = (int) (filled / Float.BYTES);
        filled = 0;
        if (count > 0) {
            Blocks.decode(DType.F32, bytes, 0, numbers, 0, count);
            taker.take(numbers, count / columns);
        }
    }
}
