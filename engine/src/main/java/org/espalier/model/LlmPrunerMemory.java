package org.espalier.model;

import java.util.stream.LongStream;
import org.espalier.tape.Value;
import org.espalier.tape.op.Rotary;

/**
 * Memory of a model on a GPU as LLM-Pruner's table has it, which is {@code torch.cuda.memory_allocated()} after a pass: its
 * weights in 16-bit floats and, of every layer, the cosines and sines of all positions, but no activations and no cache of keys
 * and values. What PyTorch's allocator rounds up counts.
 */
public final class LlmPrunerMemory {

    private static final long FLOAT16 = 2;
    private static final long MIB = 1 << 20;
    /** Sizes are multiples of this. */
    private static final long BLOCK = 512;
    /** From here on an allocation is a piece of device memory of its own, in steps of 2 MiB. */
    private static final long LARGE = 10 * MIB;

    private LlmPrunerMemory() {}

    /** Bytes for a model of this shape. */
    public static long bytes(ModelConfig config) {
        long weights = new Transformer(config)
                .shape().leaves(Value.Role.PARAMETER).stream()
                        .mapToLong(weight -> allocated(FLOAT16 * weight.shape().elements()))
                        .sum();
        return weights + rotaryTables(config);
    }

    private static long rotaryTables(ModelConfig config) {
        long rotated = new Transformer(config)
                .shape().segments().stream()
                        .flatMap(segment -> segment.ops().stream())
                        .filter(Rotary.class::isInstance)
                        .count();
        long table = allocated(FLOAT16 * config.maxPositions() * config.headDim());
        // Queries and keys of a layer are rotated by the same two tables.
        return LongStream.of(rotated / 2, 2, table).reduce(1, Math::multiplyExact);
    }

    /** What is left of a large piece goes back only if it is more than a megabyte. */
    private static long allocated(long bytes) {
        long rounded = Math.ceilDiv(bytes, BLOCK) * BLOCK;
        long piece = Math.ceilDiv(rounded, 2 * MIB) * 2 * MIB;
        return rounded >= LARGE && piece - rounded <= MIB ? piece : rounded;
    }
}
