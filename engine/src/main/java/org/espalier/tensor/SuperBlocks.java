package org.espalier.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** GGUF's "K" blocks of 256 numbers, in sub-blocks with their own small integer scales. */
@SuppressWarnings("NarrowCalculation") // offsets inside one block are small
final class SuperBlocks {

    private static final int SIZE = 256;

    private SuperBlocks() {}

    static void decode(DType type, MemorySegment source, long byteOffset, float[] target, int targetOffset, int count) {
        for (int i = 0; i < count; i += SIZE) {
            if (type == DType.Q6_K) {
                decodeQ6(source, byteOffset, target, targetOffset + i);
            } else {
                decodeQ4OrQ5(type == DType.Q5_K, source, byteOffset, target, targetOffset + i);
            }
            byteOffset += type.blockBytes();
        }
    }

    /**
     * Scale, minimum (float16 each), 12 bytes of eight 6-bit scales and minima, for Q5_K 32 bytes of fifth bits, 128 bytes
     * of codes. Sub-block s of 32: lower (s even) or upper (s odd) halves of bytes 32·(s/2) to 32·(s/2)+31; its fifth bits
     * are bit s of the 32 bytes. Number = (scale·scale_s)·code − minimum·minimum_s.
     */
    private static void decodeQ4OrQ5(boolean fiveBits, MemorySegment source, long at, float[] target, int targetAt) {
        float scale = LittleEndian.half(source, at);
        float minimum = LittleEndian.half(source, at + 2);
        long packedScales = at + 4;
        long fifthBits = at + 16;
        long codes = fiveBits ? at + 48 : at + 16;
        for (int s = 0; s < 8; s++) {
            float subScale = scale * subScale(source, packedScales, s);
            float subMinimum = minimum * subMinimum(source, packedScales, s);
            for (int j = 0; j < 32; j++) {
                int packed = LittleEndian.unsignedByte(source, codes + 32 * (s >> 1) + j);
                int code = (s & 1) == 0 ? packed & 15 : packed >>> 4;
                if (fiveBits) {
                    code |= (LittleEndian.unsignedByte(source, fifthBits + j) >>> s & 1) << 4;
                }
                target[targetAt + 32 * s + j] = subScale * code - subMinimum;
            }
        }
    }

    /** Scales 0–3: low six bits of bytes 0–3. Scales 4–7: low halves of bytes 8–11 below the top two bits of bytes 0–3. */
    private static int subScale(MemorySegment source, long packed, int s) {
        if (s < 4) {
            return LittleEndian.unsignedByte(source, packed + s) & 63;
        }
        return LittleEndian.unsignedByte(source, packed + s + 4) & 15
                | LittleEndian.unsignedByte(source, packed + s - 4) >>> 6 << 4;
    }

    /** Minima 0–3: low six bits of bytes 4–7. Minima 4–7: high halves of bytes 8–11 below the top two of bytes 4–7. */
    private static int subMinimum(MemorySegment source, long packed, int s) {
        if (s < 4) {
            return LittleEndian.unsignedByte(source, packed + s + 4) & 63;
        }
        return LittleEndian.unsignedByte(source, packed + s + 4) >>> 4
                | LittleEndian.unsignedByte(source, packed + s) >>> 6 << 4;
    }

    /**
     * 128 bytes of low four bits, 64 of high two bits, 16 signed scales, float16 scale. In each half of 128 numbers,
     * quarter q takes its low bits from 32 bytes at 32·(q&amp;1) (lower halves for q&lt;2, else upper) and its high bits
     * from bits 2q, 2q+1 of the half's 32 bytes. Number = (scale·scale_s)·(code − 32), s counting 16 numbers each.
     */
    private static void decodeQ6(MemorySegment source, long at, float[] target, int targetAt) {
        float scale = LittleEndian.half(source, at + 208);
        for (int i = 0; i < SIZE; i++) {
            int half = i >> 7;
            int quarter = i >> 5 & 3;
            int lane = i & 31;
            int low = LittleEndian.unsignedByte(source, at + 64 * half + 32 * (quarter & 1) + lane);
            int high = LittleEndian.unsignedByte(source, at + 128 + 32 * half + lane) >>> 2 * quarter & 3;
            int code = (quarter < 2 ? low & 15 : low >>> 4) | high << 4;
            float subScale = scale * source.get(ValueLayout.JAVA_BYTE, at + 192 + (i >> 4));
            target[targetAt + i] = subScale * (code - 32);
        }
    }
}
