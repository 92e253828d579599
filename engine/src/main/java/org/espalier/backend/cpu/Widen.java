package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;

/** Stored numbers to float32. Block types give ggml's values: each operation rounded to float32. */
final class Widen {

    private static final int BLOCK = 32;
    private static final int NIBBLE = 0xf;
    private static final int Q4_0_ZERO = 8;
    /** Numbers of the slower types decoded at once: whole blocks of every type. */
    private static final int PIECE = 1024;

    private Widen() {}

    /**
     * Decodes {@code count} numbers, whole blocks.
     *
     * @param sourceAt first byte in {@code source}
     * @param targetAt first byte in {@code target}
     */
    static void decode(
            DType type, MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
        switch (type) {
            case F32 -> MemorySegment.copy(source, sourceAt, target, targetAt, 4L * count);
            case BF16 -> bfloat16(source, sourceAt, target, targetAt, count);
            case F16 -> float16(source, sourceAt, target, targetAt, count);
            case Q8_0 -> q8(source, sourceAt, target, targetAt, count);
            case Q4_0 -> q4Symmetric(source, sourceAt, target, targetAt, count);
            case Q4_1 -> q4Offset(source, sourceAt, target, targetAt, count);
            default -> other(type, source, sourceAt, target, targetAt, count);
        }
    }

    private static void bfloat16(MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
        Raw.mayFault();
        int whole = count - count % Lanes.WIDTH;
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            Lanes.store(Stored.bfloat16(source, sourceAt + 2L * i), target, targetAt + 4L * i);
        }
        for (int i = whole; i < count; i++) {
            target.set(
                    Lanes.FLOAT, targetAt + 4L * i, Blocks.bfloat16ToFloat(source.get(Lanes.SHORT, sourceAt + 2L * i)));
        }
    }

    private static void float16(MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
        Raw.mayFault();
        int whole = count - count % Lanes.WIDTH;
        for (int i = 0; i < whole; i += Lanes.WIDTH) {
            Lanes.store(Stored.float16(source, sourceAt + 2L * i), target, targetAt + 4L * i);
        }
        for (int i = whole; i < count; i++) {
            target.set(Lanes.FLOAT, targetAt + 4L * i, Stored.half(source, sourceAt + 2L * i));
        }
    }

    private static void q8(MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
        Raw.mayFault();
        for (int i = 0; i < count / BLOCK; i++) {
            long at = sourceAt + (long) DType.Q8_0.blockBytes() * i;
            long out = targetAt + 4L * BLOCK * i;
            float scale = Stored.half(source, at);
            for (int j = 0; j < BLOCK; j += Lanes.WIDTH) {
                Lanes.store(Stored.int8(source, at + 2 + j).mul(scale), target, out + 4L * j);
            }
        }
    }

    private static void q4Symmetric(
            MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
        Raw.mayFault();
        for (int i = 0; i < count / BLOCK; i++) {
            long at = sourceAt + (long) DType.Q4_0.blockBytes() * i;
            long out = targetAt + 4L * BLOCK * i;
            float scale = Stored.half(source, at);
            for (int j = 0; j < BLOCK / 2; j += Lanes.WIDTH) {
                IntVector pairs = Stored.uint8(source, at + 2 + j);
                FloatVector low = Stored.toFloat(pairs.and(NIBBLE).sub(Q4_0_ZERO));
                FloatVector high =
                        Stored.toFloat(pairs.lanewise(VectorOperators.LSHR, 4).sub(Q4_0_ZERO));
                Lanes.store(low.mul(scale), target, out + 4L * j);
                Lanes.store(high.mul(scale), target, out + 4L * (j + BLOCK / 2));
            }
        }
    }

    private static void q4Offset(MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
        Raw.mayFault();
        for (int i = 0; i < count / BLOCK; i++) {
            long at = sourceAt + (long) DType.Q4_1.blockBytes() * i;
            long out = targetAt + 4L * BLOCK * i;
            float scale = Stored.half(source, at);
            float offset = Stored.half(source, at + 2);
            for (int j = 0; j < BLOCK / 2; j += Lanes.WIDTH) {
                IntVector pairs = Stored.uint8(source, at + 4 + j);
                FloatVector low = Stored.toFloat(pairs.and(NIBBLE));
                FloatVector high = Stored.toFloat(pairs.lanewise(VectorOperators.LSHR, 4));
                Lanes.store(low.mul(scale).add(offset), target, out + 4L * j);
                Lanes.store(high.mul(scale).add(offset), target, out + 4L * (j + BLOCK / 2));
            }
        }
    }

    private static void other(
            DType type, MemorySegment source, long sourceAt, MemorySegment target, long targetAt, int count) {
        float[] piece = new float[Math.min(count, PIECE)];
        for (int i = 0; i < count; i += PIECE) {
            int n = Math.min(PIECE, count - i);
            Blocks.decode(type, source, sourceAt + type.bytes(i), piece, 0, n);
            MemorySegment.copy(piece, 0, target, Lanes.FLOAT, targetAt + 4L * i, n);
        }
    }
}
