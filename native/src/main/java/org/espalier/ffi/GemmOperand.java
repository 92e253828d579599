package org.espalier.ffi;

import java.lang.foreign.MemorySegment;

/**
 * A row-major matrix in native memory, as it enters a product.
 *
 * @param segment    that it lies in
 * @param byteOffset where it begins
 * @param ld         elements from the start of one row to that of the next
 * @param transposed whether it is stored as the transpose of what enters the product
 */
public record GemmOperand(MemorySegment segment, long byteOffset, int ld, boolean transposed) {

    /** A matrix that is used as it is stored. */
    public static GemmOperand plain(MemorySegment segment, long byteOffset, int ld) {
        return new GemmOperand(segment, byteOffset, ld, false);
    }

    /** A matrix that is stored as its transpose. */
    public static GemmOperand transposed(MemorySegment segment, long byteOffset, int ld) {
        return new GemmOperand(segment, byteOffset, ld, true);
    }

    /** Whether what is stored lies inside its segment when {@code rows} by {@code columns} enter the product. */
    boolean fits(int rows, int columns, int bytesPerElement) {
        int storedRows = transposed ? columns : rows;
        int storedColumns = transposed ? rows : columns;
        if (ld < storedColumns || byteOffset < 0 || byteOffset > segment.byteSize() || !segment.isNative()) {
            return false;
        }
        // In elements, not bytes, which could overflow.
        long needed = storedRows == 0 || storedColumns == 0 ? 0 : (storedRows - 1L) * ld + storedColumns;
        return needed <= (segment.byteSize() - byteOffset) / bytesPerElement;
    }

    /** Why it does not fit, for messages. */
    String misfit(String name, int rows, int columns) {
        return name + " [" + (transposed ? columns : rows) + ", " + (transposed ? rows : columns) + "] with rows " + ld
                + " apart, from byte " + byteOffset + ", does not lie in its " + (segment.isNative() ? "" : "heap ")
                + "segment of " + segment.byteSize() + " bytes";
    }

    MemorySegment start() {
        return segment.asSlice(byteOffset);
    }
}
