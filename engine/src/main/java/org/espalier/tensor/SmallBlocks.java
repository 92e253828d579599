package org.espalier.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * GGUF's blocks of 32 numbers. A block is a float16 scale, for the {@code _1} types a float16 minimum, for the five-bit
 * types 32 fifth bits, and then the codes: number j's low four bits are byte j's lower half, number 16+j's its upper half.
 */
final class SmallBlocks {

    private static final int SIZE = 32;

    private SmallBlocks() {}

    static void decode(DType type, MemorySegment source, long byteOffset, float[] target, int targetOffset, int count) {
        for (int i = 0; i < count; i += SIZE) {
            if (type == DType.Q8_0) {
                decodeQ8(source, byteOffset, target, targetOffset + i);
            } else {
                decodeNibbles(type, source, byteOffset, target, targetOffset + i);
            }
            byteOffset += type.blockBytes();
        }
    }

    private static void decodeQ8(MemorySegment source, long at, float[] target, int targetAt) {
        float scale = LittleEndian.half(source, at);
        for (int j = 0; j < SIZE; j++) {
            target[targetAt + j] = scale * source.get(ValueLayout.JAVA_BYTE, at + 2 + j);
        }
    }

    /** {@code scale * (code - 8 or 16)} for the types without a minimum, {@code scale * code + minimum} for the others. */
    private static void decodeNibbles(DType type, MemorySegment source, long at, float[] target, int end) {
        boolean fiveBits = type == DType.Q5_0 || type == DType.Q5_1;
        boolean hasMinimum = type == DType.Q4_1 || type == DType.Q5_1;
        float scale = LittleEndian.half(source, at);
        at += 2;
        float minimum = 0;
        if (hasMinimum) {
            minimum = LittleEndian.half(source, at);
            at += 2;
        }
        int fifthBits = 0;
        if (fiveBits) {
            fifthBits = source.get(LittleEndian.INT, at);
            at += 4;
        }
        int zero = hasMinimum ? 0 : fiveBits ? 16 : 8;
        for (int j = 0; j < SIZE; j++) {
            int packed = LittleEndian.unsignedByte(source, at + (j & 15));
            int code = (j < 16 ? packed & 15 : packed >>> 4) | (fifthBits >>> j & 1) << 4;
            float product = scale * (code - zero);
            target[end + j] = hasMinimum ? product + minimum : product;
        }
    }

    /** Codes are the numbers over scale = largest magnitude / 127, rounded half away from zero, as ggml's reference. */
    static void encodeQ8(float[] source, int sourceOffset, MemorySegment target, long at, int count) {
        for (int i = 0; i < count; i += SIZE) {
            float largest = 0;
            for (int j = 0; j < SIZE; j++) {
                largest = Math.max(largest, Math.abs(source[sourceOffset + i + j]));
            }
            float scale = largest / 127;
            float inverse = scale == 0 ? 0 : 1 / scale;
            target.set(LittleEndian.SHORT, at, Float.floatToFloat16(scale));
            for (int j = 0; j < SIZE; j++) {
                float code = source[sourceOffset + i + j] * inverse;
                byte rounded = (byte) (code < 0 ? -Math.floor(0.5 - code) : Math.floor(0.5 + code));
                target.set(ValueLayout.JAVA_BYTE, at + 2 + j, rounded);
            }
            at += DType.Q8_0.blockBytes();
        }
    }

    /**
     * Q4_0: scale = the number of largest magnitude / −8, code = ⌊number / scale + 8.5⌋. Q4_1: minimum the smallest number, scale
     * = (largest − smallest) / 15, code = ⌊(number − minimum) / scale + 0.5⌋. Codes are at most 15; each operation is rounded to
     * float32, as in the Python package gguf.
     */
    static void encodeNibbles(DType type, float[] source, int offset, MemorySegment target, long at, int count) {
        for (int i = offset; i < offset + count; i += SIZE) {
            boolean hasMinimum = type == DType.Q4_1;
            float minimum = hasMinimum ? extreme(source, i, false) : 0;
            float scale = hasMinimum ? (extreme(source, i, true) - minimum) / 15 : farthest(source, i) / -8;
            float inverse = scale == 0 ? 0 : 1 / scale;
            float middle = hasMinimum ? 0.5f : 8.5f;
            target.set(LittleEndian.SHORT, at, Float.floatToFloat16(scale));
            long codes = at + 2;
            if (hasMinimum) {
                target.set(LittleEndian.SHORT, codes, Float.floatToFloat16(minimum));
                codes += 2;
            }
            for (int j = 0; j < SIZE / 2; j++) {
                int low = code((source[i + j] - minimum) * inverse + middle);
                int high = code((source[i + SIZE / 2 + j] - minimum) * inverse + middle);
                target.set(ValueLayout.JAVA_BYTE, codes + j, (byte) (low | high << 4));
            }
            at += type.blockBytes();
        }
    }

    private static int code(float shifted) {
        return Math.clamp((int) shifted, 0, 15);
    }

    /** The first number of largest magnitude. */
    private static float farthest(float[] numbers, int begin) {
        float farthest = numbers[begin];
        for (int i = begin + 1; i < begin + SIZE; i++) {
            if (Math.abs(numbers[i]) > Math.abs(farthest)) {
                farthest = numbers[i];
            }
        }
        return farthest;
    }

    private static float extreme(float[] numbers, int begin, boolean largest) {
        float extreme = numbers[begin];
        for (int i = begin + 1; i < begin + SIZE; i++) {
            extreme = largest ? Math.max(extreme, numbers[i]) : Math.min(extreme, numbers[i]);
        }
        return extreme;
    }
}
