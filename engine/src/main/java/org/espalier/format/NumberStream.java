package org.espalier.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/** Decodes stored numbers and encodes them in another type, a bounded chunk at a time. */
final class NumberStream implements AutoCloseable {

    /** Numbers held at once, whole blocks of every type. */
    private static final int CHUNK = 1 << 18;

    /** Changes a tensor's numbers on their way, a row at a time. */
    @FunctionalInterface
    interface RowEdit {
        void edit(int row, float[] numbers);
    }

    private final StoredTensor tensor;
    private final DType target;
    private final TensorEntry.Sink sink;
    private final float[] numbers = new float[CHUNK];
    private final NativeMemory encoded;
    private int filled;

    NumberStream(StoredTensor tensor, DType target, TensorEntry.Sink sink) {
        this.tensor = tensor;
        this.target = target;
        this.sink = sink;
        this.encoded = NativeMemory.allocate(target.bytes(CHUNK), "converting " + tensor.name());
    }

    /** Writes the whole tensor as {@code target}, in Hugging Face's row order. */
    static void write(StoredTensor tensor, DType target, TensorEntry.Sink sink) throws IOException {
        try (NumberStream stream = new NumberStream(tensor, target, sink)) {
            if (tensor.order().identity()) {
                stream.append(0, tensor.shape().elements());
            } else {
                long rowElements = tensor.shape().elements() / Math.max(1, tensor.rows());
                for (long row = 0; row < tensor.rows(); row++) {
                    stream.append(tensor.rowOffset(row), rowElements);
                }
            }
            stream.flush();
        }
    }

    /** As {@link #write}, of a matrix, or a vector of one row, whose rows pass through {@code edit}. */
    static void write(StoredTensor matrix, DType target, RowEdit edit, TensorEntry.Sink sink) throws IOException {
        float[] numbers = new float[matrix.shape().columns()];
        try (NumberStream stream = new NumberStream(matrix, target, sink)) {
            for (int row = 0; row < matrix.shape().rows(); row++) {
                Blocks.decode(matrix.type(), matrix.bytes(), matrix.rowOffset(row), numbers, 0, numbers.length);
                edit.edit(row, numbers);
                stream.append(numbers);
            }
            stream.flush();
        }
    }

    @Override
    public void close() {
        encoded.close();
    }

    private void append(long byteOffset, long elements) throws IOException {
        while (elements > 0) {
            if (filled == CHUNK) {
                flush();
            }
            int room = (CHUNK - filled)
                    / tensor.type().blockElements()
                    * tensor.type().blockElements();
            int count = (int) Math.min(room, elements);
            Blocks.decode(tensor.type(), tensor.bytes(), byteOffset, numbers, filled, count);
            filled += count;
            elements -= count;
            byteOffset += tensor.type().bytes(count);
        }
    }

    private void append(float[] row) throws IOException {
        for (int begin = 0; begin < row.length; ) {
            if (filled == CHUNK) {
                flush();
            }
            int count = Math.min(CHUNK - filled, row.length - begin);
            System.arraycopy(row, begin, numbers, filled, count);
            filled += count;
            begin += count;
        }
    }

    private void flush() throws IOException {
        if (target == DType.F16) {
            requireRange();
        }
        Blocks.encode(target, numbers, 0, encoded.segment(), 0, filled);
        MemorySegment bytes = encoded.segment().asSlice(0, target.bytes(filled));
        filled = 0;
        sink.write(bytes);
    }

    private void requireRange() {
        for (int i = 0; i < filled; i++) {
            if (Float.isFinite(numbers[i]) && Math.abs(numbers[i]) >= 65520f) {
                throw new Failure(
                        "the number " + numbers[i] + " does not fit float16",
                        "tensor " + tensor.name(),
                        "convert to bf16 or f32");
            }
        }
    }
}
