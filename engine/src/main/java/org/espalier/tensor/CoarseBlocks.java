package org.espalier.tensor;

import java.lang.foreign.MemorySegment;

/** GGUF's "K" blocks of 256 numbers of 2 and 3 bits, in 16 parts of 16 with their own small integer scales. */
@SuppressWarnings("NarrowCalculation") // offsets inside one block are small
final class CoarseBlocks {

    private static final int SIZE = 256;

    private CoarseBlocks() {}

    static void decode(DType type, MemorySegment source, long byteOffset, float[] target, int targetOffset, int count) {
        for (int i = 0; i < count; i += SIZE) {
            if (type == DType.Q2_K) {
                decodeQ2(source, byteOffset, target, targetOffset + i);
            } else {
                decodeQ3(source, byteOffset, target, targetOffset + i);
            }
            byteOffset += type.blockBytes();
        }
    }

    /**
     * 16 bytes of scales (lower halves) and minima (upper halves), 64 bytes of codes, float16 scale and minimum. Number =
     * (scale·scale_s)·code − minimum·minimum_s.
     */
    private static void decodeQ2(MemorySegment source, long at, float[] target, int targetAt) {
        float scale = LittleEndian.half(source, at + 80);
        float minimum = LittleEndian.half(source, at + 82);
        for (int i = 0; i < SIZE; i++) {
            int packed = LittleEndian.unsignedByte(source, at + (i >> 4));
            float subScale = scale * (packed & 15);
            float subMinimum = minimum * (packed >>> 4);
            target[targetAt + i] = subScale * code(source, at + 16, i) - subMinimum;
        }
    }

    /**
     * 32 bytes of third bits, 64 of low two bits, 12 of 6-bit scales, float16 scale. The third bit of number i is bit i / 32 of
     * byte i mod 32, and stands for −4 where it is 0. Number = (scale·(scale_s − 32))·code.
     */
    private static void decodeQ3(MemorySegment source, long at, float[] target, int targetAt) {
        float scale = LittleEndian.half(source, at + 108);
        for (int i = 0; i < SIZE; i++) {
            float subScale = scale * subScale(source, at + 96, i >> 4);
            int third = LittleEndian.unsignedByte(source, at + (i & 31)) >>> (i >> 5) & 1;
            target[targetAt + i] = subScale * (code(source, at + 32, i) - (third == 0 ? 4 : 0));
        }
    }

    /** Two bits: each half of 128 numbers has 32 bytes, quarter q of it their bits 2q and 2q+1. */
    private static int code(MemorySegment source, long codes, int i) {
        return LittleEndian.unsignedByte(source, codes + 32 * (i >> 7) + (i & 31)) >>> 2 * (i >> 5 & 3) & 3;
    }

    /** Low four bits: the lower halves of bytes 0–7, then their upper halves. High two bits: bits 2·(s/4) of bytes 8–11. */
    private static int subScale(MemorySegment source, long packed, int s) {
        int low = LittleEndian.unsignedByte(source, packed + (s & 7)) >>> 4 * (s >> 3) & 15;
        int high = LittleEndian.unsignedByte(source, packed + 8 + (s & 3)) >>> 2 * (s >> 2) & 3;
        return (low | high << 4) - 32;
    }
}
