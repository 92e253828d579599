package org.espalier.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/** Encodes float32 numbers in another type while they are written, whole blocks at a time. */
public final class Encoding implements TensorEntry.Sink {

    /** Numbers held at once, whole blocks of every type. */
    private static final int CHUNK = 1 << 14;

    private final DType target;
    private final MemorySegment plain;
    private final MemorySegment encoded;
    private final TensorEntry.Sink sink;
    private final float[] numbers = new float[CHUNK];
    private long filled;

    private Encoding(DType target, MemorySegment plain, MemorySegment encoded, TensorEntry.Sink sink) {
        this.target = target;
        this.plain = plain;
        this.encoded = encoded;
        this.sink = sink;
    }

    /** A tensor of float32 numbers that is written in another type. */
    public static TensorEntry of(TensorEntry plain, DType target) {
        if (plain.type() != DType.F32) {
            throw new IllegalStateException("tensor " + plain.name() + " is " + plain.type() + ", not float32");
        }
        return new TensorEntry(plain.name(), target, plain.shape(), sink -> write(plain.content(), target, sink));
    }

    private static void write(TensorEntry.Content content, DType target, TensorEntry.Sink sink) throws IOException {
        try (NativeMemory plain = NativeMemory.allocate(DType.F32.bytes(CHUNK), "numbers to be encoded");
                NativeMemory encoded = NativeMemory.allocate(target.bytes(CHUNK), "encoded numbers")) {
            Encoding encoding = new Encoding(target, plain.segment(), encoded.segment(), sink);
            content.writeTo(encoding);
            encoding.flush();
        }
    }

    @Override
    public void write(MemorySegment bytes) throws IOException {
        for (long at = 0; at < bytes.byteSize(); ) {
            long count = Math.min(DType.F32.bytes(CHUNK) - filled, bytes.byteSize() - at);
            MemorySegment.copy(bytes, at, plain, filled, count);
            filled += count;
            at += count;
            if (filled == DType.F32.bytes(CHUNK)) {
                flush();
            }
        }
    }

    private void flush() throws IOException {
        int count = (int) (filled / Float.BYTES);
        Blocks.decode(DType.F32, plain, 0, numbers, 0, count);
        Blocks.encode(target, numbers, 0, encoded, 0, count);
        filled = 0;
        sink.write(encoded.asSlice(0, target.bytes(count)));
    }
}
