package org.espalier.llamacpp;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/** llama.cpp's own quantiser. */
public final class LlamaCppQuantiser {

    private LlamaCppQuantiser() {}

    /**
     * What is left of rows of numbers that it has encoded.
     *
     * @param ggmlType its number of the type
     * @param weights  what each column counts, or null
     */
    public static float[] quantise(DType type, int ggmlType, float[] numbers, int columns, float[] weights) {
        LlamaCppLibrary library = LlamaCppLibrary.instance();
        MethodHandle quantise = library.function(
                "ggml_quantize_chunk",
                FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment blocks = arena.allocate(type.bytes(numbers.length));
            library.call(
                    quantise,
                    ggmlType,
                    arena.allocateFrom(JAVA_FLOAT, numbers),
                    blocks,
                    0L,
                    (long) numbers.length / columns,
                    (long) columns,
                    weights == null ? MemorySegment.NULL : arena.allocateFrom(JAVA_FLOAT, weights));
            float[] values = new float[numbers.length];
            Blocks.decode(type, blocks, 0, values, 0, values.length);
            return values;
        }
    }
}
