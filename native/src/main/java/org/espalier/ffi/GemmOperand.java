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

    /**
     * Checks the operands of {@code C [m, n] = alpha A [m, k] B [k, n] + beta C}.
     *
     * @param bytes       of a number of A and B
     * @param resultBytes of a number of C
     * @throws IllegalArgumentException if one does not fit, naming the operation and its shapes
     */
    static void check(
            String operation,
            int bytes,
            int resultBytes,
            int m,
            int n,
            int k,
            GemmOperand a,
            GemmOperand b,
            GemmOperand c) {
        String wrong = null;
        if (m < 0 || n < 0 || k < 0) {
            wrong = "a size is negative";
        } else if (!a.fits(m, k, bytes)) {
            wrong = a.misfit("A", m, k);
        } else if (!b.fits(k, n, bytes)) {
            wrong = b.misfit("B", k, n);
        } else if (!c.fits(m, n, resultBytes)) {
            wrong = c.misfit("C", m, n);
        } else if (c.transposed()) {
            wrong = "C is transposed";
        } else if (c.segment().isReadOnly()) {
            wrong = "C is read-only";
        }
        if (wrong != null) {
            throw new IllegalArgumentException(operation + " [" + m + ", " + k + "] x [" + k + ", " + n + "], transA "
                    + a.transposed() + ", transB " + b.transposed() + ": " + wrong);
        }
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
