package org.espalier.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/**
 * A tensor to be written, whose numbers are produced when its turn comes, so that a model may be larger than the memory.
 *
 * @param name    Hugging Face's name, such as {@code model.layers.0.self_attn.q_proj.weight}
 * @param type    how its numbers are to be stored
 * @param shape   PyTorch's layout, such as {@code [out, in]}
 * @param content its numbers
 */
public record TensorEntry(String name, DType type, Shape shape, Content content) {

    /** Takes a tensor's bytes, piece by piece in order. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes the next bytes, which may change as soon as this returns.
         *
         * @throws IOException if they cannot be written
         */
        void write(MemorySegment bytes) throws IOException;
    }

    /** Produces a tensor's bytes: exactly those of its type and shape, little-endian, row-major. */
    @FunctionalInterface
    public interface Content {
        /**
         * Produces all bytes in order, in pieces of any size.
         *
         * @throws IOException if they cannot be read, or the sink cannot write them
         */
        void writeTo(Sink sink) throws IOException;
    }

    /** Size as it is to be stored. */
    public long bytes() {
        return type.bytes(shape.elements());
    }

    /** The same tensor, whose bytes are reported as they are written. */
    TensorEntry reporting(LongConsumer writtenBytes) {
        return new TensorEntry(
                name,
                type,
                shape,
                sink -> content.writeTo(bytes -> {
                    sink.write(bytes);
                    writtenBytes.accept(bytes.byteSize());
                }));
    }
}
