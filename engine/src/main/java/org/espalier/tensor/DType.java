package org.espalier.tensor;

/**
 * How numbers are stored. Plain types hold one number each; block types (from GGUF) hold a fixed count of numbers with
 * their scales, and a row of a matrix is a whole number of blocks.
 */
public enum DType {
    F64(1, 8),
    F32(1, 4),
    F16(1, 2),
    BF16(1, 2),
    I64(1, 8),
    I32(1, 4),
    I16(1, 2),
    I8(1, 1),
    U8(1, 1),
    BOOL(1, 1),
    Q4_0(32, 18),
    Q4_1(32, 20),
    Q5_0(32, 22),
    Q5_1(32, 24),
    Q8_0(32, 34),
    Q4_K(256, 144),
    Q5_K(256, 176),
    Q6_K(256, 210);

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
