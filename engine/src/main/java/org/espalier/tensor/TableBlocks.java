package org.espalier.tensor;

import java.lang.foreign.MemorySegment;

/**
 * GGUF's blocks whose four-bit codes are places in a table of 16 numbers. Of 32 codes the first 16 are the lower halves of 16
 * bytes, the others the upper halves.
 */
final class TableBlocks {

    private static final int PART = 32;
    private static final int LARGE = 256;

    /** Denser about zero, as weights are. */
    private static final float[] UNEVEN = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    /** Twice the numbers of a sign, two bits of exponent and one of mantissa. */
    private static final float[] SMALL_FLOATS = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private TableBlocks() {}

    static void decode(DType type, MemorySegment source, long byteOffset, float[] target, int targetOffset, int count) {
        for (int i = 0; i < count; i += type.blockElements()) {
            int at = targetOffset + i;
            switch (type) {
                case IQ4_NL -> part(source, byteOffset + 2, LittleEndian.half(source, byteOffset), UNEVEN, target, at);
                case IQ4_XS -> parts(source, byteOffset, target, at);
                default -> part(source, byteOffset + 1, power(source, byteOffset), SMALL_FLOATS, target, at);
            }
            byteOffset += type.blockBytes();
        }
    }

    /** Float16 scale, 16 bits of high bits of eight 6-bit scales, 4 bytes of their low bits, the codes. */
    private static void parts(MemorySegment source, long at, float[] target, int targetAt) {
        float scale = LittleEndian.half(source, at);
        int highBits = source.get(LittleEndian.SHORT, at + 2);
        for (int s = 0; s < LARGE / PART; s++) {
            int low = LittleEndian.unsignedByte(source, at + 4 + (s >> 1)) >>> 4 * (s & 1) & 15;
            int subScale = (low | (highBits >>> 2 * s & 3) << 4) - 32;
            part(source, at + 8 + 16L * s, scale * subScale, UNEVEN, target, targetAt + PART * s);
        }
    }

    private static void part(
            MemorySegment source, long codes, float scale, float[] table, float[] target, int targetAt) {
        for (int j = 0; j < PART; j++) {
            int packed = LittleEndian.unsignedByte(source, codes + (j & 15));
            target[targetAt + j] = scale * table[j < 16 ? packed & 15 : packed >>> 4];
        }
    }

    /** Half of 2 to the power of a byte less 127: the byte is a float32's exponent, 0 and 1 being those of subnormal halves. */
    private static float power(MemorySegment source, long at) {
        int exponent = LittleEndian.unsignedByte(source, at);
        return Float.intBitsToFloat(exponent < 2 ? 0x0020_0000 << exponent : exponent - 1 << 23);
    }
}
