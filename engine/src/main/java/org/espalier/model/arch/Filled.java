package org.espalier.model.arch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.espalier.format.TensorEntry;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** Small tensors, float32, that a file must have and no checkpoint has. */
final class Filled {

    private Filled() {}

    static TensorEntry vector(String name, Shape shape, float[] numbers) {
        return new TensorEntry(name, DType.F32, shape, sink -> {
            byte[] bytes = new byte[Float.BYTES * numbers.length];
            MemorySegment segment = MemorySegment.ofArray(bytes);
            Blocks.encode(DType.F32, numbers, 0, segment, 0, numbers.length);
            sink.write(segment);
        });
    }

    static TensorEntry ones(String name, int length) {
        float[] ones = new float[length];
        Arrays.fill(ones, 1);
        return vector(name, Shape.of(length), ones);
    }

    static TensorEntry zeros(String name, long... dims) {
        Shape shape = Shape.of(dims);
        return vector(name, shape, new float[Math.toIntExact(shape.elements())]);
    }

    /** A vector of float32 numbers with a number added to each. */
    static TensorEntry plus(float added, TensorEntry plain) {
        return new TensorEntry(plain.name(), plain.type(), plain.shape(), sink -> {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            plain.content().writeTo(bytes -> all.writeBytes(bytes.toArray(ValueLayout.JAVA_BYTE)));
            float[] numbers = new float[all.size() / Float.BYTES];
            MemorySegment bytes = MemorySegment.ofArray(all.toByteArray());
            Blocks.decode(DType.F32, bytes, 0, numbers, 0, numbers.length);
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] += added;
            }
            Blocks.encode(DType.F32, numbers, 0, bytes, 0, numbers.length);
            sink.write(bytes);
        });
    }

    /** Whether all bytes of a tensor are zero. */
    static boolean isZero(TensorEntry entry) throws IOException {
        AtomicBoolean zero = new AtomicBoolean(true);
        entry.content().writeTo(bytes -> {
            for (byte b : bytes.toArray(ValueLayout.JAVA_BYTE)) {
                if (b != 0) {
                    zero.set(false);
                }
            }
        });
        return zero.get();
    }
}
