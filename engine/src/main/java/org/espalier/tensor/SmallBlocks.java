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
}
