package org.espalier.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Encodes GGUF's blocks of 32 numbers of four and five bits with the scales that {@link CodeSearch} finds. */
@SuppressWarnings("NarrowCalculation") // offsets inside one block are small
final class SmallFits {

    private static final int SIZE = 32;

    private SmallFits() {}

    /** {@code count} numbers of {@code source}, whole blocks of Q4_0, Q4_1, Q5_0 or Q5_1. */
    static void encode(
            DType type, float[] source, int offset, float[] weights, MemorySegment target, long at, int count) {
        CodeSearch search = CodeSearch.of(source, weights, offset);
        for (int i = offset; i < offset + count; i += SIZE) {
            if (type == DType.Q4_0 || type == DType.Q5_0) {
                withoutMinimum(type, search, source, i, target, at);
            } else {
                withMinimum(type, search, source, i, target, at);
            }
            at += type.blockBytes();
        }
    }

    private static void withoutMinimum(
            DType type, CodeSearch search, float[] source, int i, MemorySegment target, long at) {
        int half = type == DType.Q4_0 ? 8 : 16;
        short bits = Float.floatToFloat16(search.symmetric(i, SIZE, half));
        target.set(LittleEndian.SHORT, at, bits);
        put(type, source, i, Float.float16ToFloat(bits), 0, half, target, at + 2);
    }

    private static void withMinimum(
            DType type, CodeSearch search, float[] source, int i, MemorySegment target, long at) {
        search.affine(i, SIZE, type == DType.Q4_1 ? 15 : 31, true);
        short scale = Float.floatToFloat16(search.scale());
        short minimum = Float.floatToFloat16(search.minimum());
        target.set(LittleEndian.SHORT, at, scale);
        target.set(LittleEndian.SHORT, at + 2, minimum);
        put(type, source, i, Float.float16ToFloat(scale), Float.float16ToFloat(minimum), 0, target, at + 4);
    }

    /** The codes of {@code scale · (code − zero) + minimum}. */
    private static void put(
            DType type, float[] source, int i, float scale, float minimum, int zero, MemorySegment target, long at) {
        boolean fiveBits = type == DType.Q5_0 || type == DType.Q5_1;
        int most = fiveBits ? 31 : 15;
        float inverse = scale == 0 ? 0 : 1 / scale;
        long codes = fiveBits ? at + 4 : at;
        int fifthBits = 0;
        for (int j = 0; j < SIZE / 2; j++) {
            int low = CodeSearch.code((source[i + j] - minimum) * inverse, -zero, most - zero) + zero;
            int high = CodeSearch.code((source[i + SIZE / 2 + j] - minimum) * inverse, -zero, most - zero) + zero;
            target.set(ValueLayout.JAVA_BYTE, codes + j, (byte) (low & 15 | (high & 15) << 4));
            fifthBits |= low >> 4 << j | high >> 4 << j + SIZE / 2;
        }
        if (fiveBits) {
            target.set(LittleEndian.INT, at, fifthBits);
        }
    }
}
