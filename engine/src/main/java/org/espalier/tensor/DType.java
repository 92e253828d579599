package org.espalier.tensor;

/**
 * How numbers are stored. Plain types hold one number each; block types (from GGUF) hold a fixed count of numbers with
 * their scales, and a row of a matrix is a whole number of blocks.
 */
public enum DType {
    /** IEEE 754 float64. */
    F64(1, 8),
    /** IEEE 754 float32. */
    F32(1, 4),
    /** IEEE 754 float16. */
    F16(1, 2),
    /** The upper 16 bits of a float32. */
    BF16(1, 2),
    /** Signed 64-bit integers. */
    I64(1, 8),
    /** Signed 32-bit integers, the type of all indices. */
    I32(1, 4),
    /** Signed 16-bit integers. */
    I16(1, 2),
    /** Signed 8-bit integers. */
    I8(1, 1),
    /** Unsigned 8-bit integers. */
    U8(1, 1),
    /** A byte that is 0 or 1. */
    BOOL(1, 1),
    /** 32 numbers of 4 bits, times a float16 scale. */
    Q4_0(32, 18),
    /** 32 numbers of 4 bits, times a float16 scale, plus a float16 minimum. */
    Q4_1(32, 20),
    /** 32 numbers of 5 bits, times a float16 scale. */
    Q5_0(32, 22),
    /** 32 numbers of 5 bits, times a float16 scale, plus a float16 minimum. */
    Q5_1(32, 24),
    /** 32 numbers of 8 bits, times a float16 scale. */
    Q8_0(32, 34),
    /** 256 numbers of 4 bits in 8 parts, each with a scale and a minimum of 6 bits, which two float16 numbers scale. */
    Q4_K(256, 144),
    /** As {@link #Q4_K}, with numbers of 5 bits. */
    Q5_K(256, 176),
    /** 256 numbers of 6 bits in 16 parts, each with a scale of 8 bits, which a float16 number scales. */
    Q6_K(256, 210),
    /** 256 numbers of 2 bits in 16 parts, each with a scale and a minimum of 4 bits, which two float16 numbers scale. */
    Q2_K(256, 84),
    /** 256 numbers of 3 bits in 16 parts, each with a scale of 6 bits, which a float16 number scales. */
    Q3_K(256, 110),
    /** 32 places of 4 bits in a table of 16 numbers, times a float16 scale. */
    IQ4_NL(32, 18),
    /** As {@link #IQ4_NL}, 256 in 8 parts, each with a scale of 6 bits. */
    IQ4_XS(256, 136),
    /** 32 numbers of 4 bits with an exponent each, times a power of two: OCP's microscaling format. */
    MXFP4(32, 17);

    private final int blockElements;
    private final int blockBytes;

    DType(int blockElements, int blockBytes) {
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /** Numbers in one block; 1 for plain types. */
    public int blockElements() {
        return blockElements;
    }

    /** Bytes of one block. */
    public int blockBytes() {
        return blockBytes;
    }

    /** Whether one number can be addressed alone. */
    public boolean plain() {
        return blockElements == 1;
    }

    /** Whether it holds fractions; integers and truth values do not. */
    public boolean floating() {
        return switch (this) {
            case I64, I32, I16, I8, U8, BOOL -> false;
            default -> true;
        };
    }

    /**
     * Bytes that {@code elements} numbers take.
     *
     * @throws IllegalArgumentException if they are not whole blocks
     * @throws ArithmeticException      if the size overflows
     */
    public long bytes(long elements) {
        if (elements % blockElements != 0) {
            throw new IllegalArgumentException(elements + " numbers are not whole blocks of " + this);
        }
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }
}
