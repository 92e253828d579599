package org.espalier.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Stored numbers to floats and back, one at a time and plainly right. Everything is little-endian and may lie at any byte.
 * The values of block types are those of ggml's {@code dequantize_row_*}, each operation rounded to float32.
 */
public final class Blocks {

    private Blocks() {}

    /**
     * Decodes {@code count} numbers, whole blocks, to float32. Wider types are rounded to nearest.
     *
     * @param byteOffset where the first block starts in {@code source}
     */
    public static void decode(
            DType type, MemorySegment source, long byteOffset, float[] target, int targetOffset, int count) {
        requireWholeBlocks(type, count);
        switch (type) {
            case F32 -> MemorySegment.copy(source, LittleEndian.FLOAT, byteOffset, target, targetOffset, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    target[targetOffset + i] = LittleEndian.half(source, byteOffset + 2L * i);
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    target[targetOffset + i] = bfloat16ToFloat(source.get(LittleEndian.SHORT, byteOffset + 2L * i));
                }
            }
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 ->
                SmallBlocks.decode(type, source, byteOffset, target, targetOffset, count);
            case Q4_K, Q5_K, Q6_K -> SuperBlocks.decode(type, source, byteOffset, target, targetOffset, count);
            case Q2_K, Q3_K -> CoarseBlocks.decode(type, source, byteOffset, target, targetOffset, count);
            case IQ4_NL, IQ4_XS, MXFP4 -> TableBlocks.decode(type, source, byteOffset, target, targetOffset, count);
            case F64, I64, I32, I16, I8, U8, BOOL -> {
                for (int i = 0; i < count; i++) {
                    target[targetOffset + i] = (float) wide(type, source, byteOffset + (long) type.blockBytes() * i);
                }
            }
        }
    }

    /**
     * As {@link #decode(DType, MemorySegment, long, float[], int, int)}, to float64: exact for plain types (integers beyond
     * 2^53 are rounded), and for the other types the float32 value.
     */
    public static void decode(
            DType type, MemorySegment source, long byteOffset, double[] target, int targetOffset, int count) {
        requireWholeBlocks(type, count);
        switch (type) {
            case F64, I64, I32, I16, I8, U8, BOOL -> {
                for (int i = 0; i < count; i++) {
                    target[targetOffset + i] = wide(type, source, byteOffset + (long) type.blockBytes() * i);
                }
            }
            default -> {
                float[] block = new float[type.blockElements()];
                for (int i = 0; i < count; i += block.length) {
                    decode(type, source, byteOffset, block, 0, block.length);
                    byteOffset += type.blockBytes();
                    for (int j = 0; j < block.length; j++) {
                        target[targetOffset + i + j] = block[j];
                    }
                }
            }
        }
    }

    /**
     * Encodes {@code count} numbers, whole blocks, as F32, F16, BF16 (both rounded to nearest even), Q8_0, Q4_0 or Q4_1: the
     * bytes that the Python package gguf gives; or as Q5_0, Q5_1, Q4_K, Q5_K or Q6_K, with the least squared error that a
     * search finds.
     *
     * @throws IllegalArgumentException for any other type
     */
    public static void encode(
            DType type, float[] source, int sourceOffset, MemorySegment target, long byteOffset, int count) {
        requireWholeBlocks(type, count);
        switch (type) {
            case F32 -> MemorySegment.copy(source, sourceOffset, target, LittleEndian.FLOAT, byteOffset, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    target.set(LittleEndian.SHORT, byteOffset + 2L * i, Float.floatToFloat16(source[sourceOffset + i]));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    target.set(LittleEndian.SHORT, byteOffset + 2L * i, floatToBfloat16(source[sourceOffset + i]));
                }
            }
            case Q8_0 -> SmallBlocks.encodeQ8(source, sourceOffset, target, byteOffset, count);
            case Q4_0, Q4_1 -> SmallBlocks.encodeNibbles(type, source, sourceOffset, target, byteOffset, count);
            case Q5_0, Q5_1 -> SmallFits.encode(type, source, sourceOffset, null, target, byteOffset, count);
            case Q4_K, Q5_K -> SuperFits.encode(type, source, sourceOffset, null, target, byteOffset, count);
            case Q6_K -> SixBitFits.encode(source, sourceOffset, null, target, byteOffset, count);
            default -> throw new IllegalArgumentException("numbers cannot be written as " + type);
        }
    }

    /**
     * Encodes a row so that {@code Σ weights · error²} is small. Types of eight bits and more, which lose little, are encoded as
     * by {@link #encode(DType, float[], int, MemorySegment, long, int)}.
     *
     * @param weights of each number of the row, not negative; as many as the row has
     */
    public static void encode(
            DType type, float[] source, int sourceOffset, MemorySegment target, long byteOffset, float[] weights) {
        int count = weights.length;
        requireWholeBlocks(type, count);
        switch (type) {
            case Q4_0, Q4_1, Q5_0, Q5_1 ->
                SmallFits.encode(type, source, sourceOffset, weights, target, byteOffset, count);
            case Q4_K, Q5_K -> SuperFits.encode(type, source, sourceOffset, weights, target, byteOffset, count);
            case Q6_K -> SixBitFits.encode(source, sourceOffset, weights, target, byteOffset, count);
            default -> encode(type, source, sourceOffset, target, byteOffset, count);
        }
    }

    /**
     * Encodes codes that share a scale as Q8_0.
     *
     * @param scale a number that float16 holds exactly
     * @param codes of 8 bits, whole blocks
     */
    public static void encodeQ8(float scale, MemorySegment codes, MemorySegment target) {
        int size = DType.Q8_0.blockElements();
        long at = 0;
        for (long i = 0; i < codes.byteSize(); i += size) {
            target.set(LittleEndian.SHORT, at, Float.floatToFloat16(scale));
            MemorySegment.copy(codes, i, target, at + 2, size);
            at += DType.Q8_0.blockBytes();
        }
    }

    /** A bfloat16's value: it is the upper half of a float32. */
    public static float bfloat16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** The nearest bfloat16, ties to even; a NaN stays a NaN (quiet, its sign and upper payload kept). */
    public static short floatToBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    private static double wide(DType type, MemorySegment source, long byteOffset) {
        return switch (type) {
            case F64 -> source.get(LittleEndian.DOUBLE, byteOffset);
            case I64 -> source.get(LittleEndian.LONG, byteOffset);
            case I32 -> source.get(LittleEndian.INT, byteOffset);
            case I16 -> source.get(LittleEndian.SHORT, byteOffset);
            case I8 -> source.get(ValueLayout.JAVA_BYTE, byteOffset);
            case U8, BOOL -> LittleEndian.unsignedByte(source, byteOffset);
            default -> throw new IllegalArgumentException("not a wide plain type: " + type);
        };
    }

    private static void requireWholeBlocks(DType type, int count) {
        if (count < 0 || count % type.blockElements() != 0) {
            throw new IllegalArgumentException(count + " numbers are not whole blocks of " + type);
        }
    }
}
