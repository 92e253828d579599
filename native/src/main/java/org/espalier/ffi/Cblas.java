package org.espalier.ffi;

import java.lang.foreign.MemorySegment;
import org.espalier.error.Failure;
import org.espalier.ffi.cblas.CblasLibrary;

/**
 * Matrix products of OpenBLAS on row-major matrices in native memory: {@code C = alpha op(A) op(B) + beta C} with
 * {@code op(A)} [m, k], {@code op(B)} [k, n] and C [m, n], where {@code op} transposes or not. Each operand begins a
 * number of bytes into its segment, and its rows begin {@code ld} elements apart. With {@code beta} 0 what C holds is
 * not read. Every operand is checked to lie inside its segment before native code sees it. C must not overlap A or B.
 *
 * <p>One call runs on the calling thread alone; any number of threads may call at once.
 */
public final class Cblas {

    private Cblas() {}

    /**
     * The product in float32.
     *
     * @param a A as stored: [m, k], or [k, m] when {@code transA}
     * @param b B as stored: [k, n], or [n, k] when {@code transB}
     * @throws IllegalArgumentException if an operand does not fit, naming the operation and its shapes
     * @throws Failure                  if OpenBLAS cannot be loaded
     */
    public static void sgemm(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            float alpha,
            MemorySegment a,
            long aByteOffset,
            int lda,
            MemorySegment b,
            long bByteOffset,
            int ldb,
            float beta,
            MemorySegment c,
            long cByteOffset,
            int ldc) {
        check(
                "sgemm",
                Float.BYTES,
                transA,
                transB,
                m,
                n,
                k,
                a,
                aByteOffset,
                lda,
                b,
                bByteOffset,
                ldb,
                c,
                cByteOffset,
                ldc);
        if (m == 0 || n == 0) {
            return;
        }
        OpenBlas.load();
        CblasLibrary.cblas_sgemm(
                CblasLibrary.CblasRowMajor(),
                transposition(transA),
                transposition(transB),
                m,
                n,
                k,
                alpha,
                a.asSlice(aByteOffset),
                lda,
                b.asSlice(bByteOffset),
                ldb,
                beta,
                c.asSlice(cByteOffset),
                ldc);
    }

    /** The product in float64; otherwise as {@link #sgemm}. */
    public static void dgemm(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            double alpha,
            MemorySegment a,
            long aByteOffset,
            int lda,
            MemorySegment b,
            long bByteOffset,
            int ldb,
            double beta,
            MemorySegment c,
            long cByteOffset,
            int ldc) {
        check(
                "dgemm",
                Double.BYTES,
                transA,
                transB,
                m,
                n,
                k,
                a,
                aByteOffset,
                lda,
                b,
                bByteOffset,
                ldb,
                c,
                cByteOffset,
                ldc);
        if (m == 0 || n == 0) {
            return;
        }
        OpenBlas.load();
        CblasLibrary.cblas_dgemm(
                CblasLibrary.CblasRowMajor(),
                transposition(transA),
                transposition(transB),
                m,
                n,
                k,
                alpha,
                a.asSlice(aByteOffset),
                lda,
                b.asSlice(bByteOffset),
                ldb,
                beta,
                c.asSlice(cByteOffset),
                ldc);
    }

    private static int transposition(boolean transposed) {
        return transposed ? CblasLibrary.CblasTrans() : CblasLibrary.CblasNoTrans();
    }

    private static void check(
            String operation,
            int width,
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            MemorySegment a,
            long aByteOffset,
            int lda,
            MemorySegment b,
            long bByteOffset,
            int ldb,
            MemorySegment c,
            long cByteOffset,
            int ldc) {
        String wrong = null;
        if (m < 0 || n < 0 || k < 0) {
            wrong = "a size is negative";
        } else if (!fits(transA ? k : m, transA ? m : k, width, a, aByteOffset, lda)) {
            wrong = misfit("A", transA ? k : m, transA ? m : k, a, aByteOffset, lda);
        } else if (!fits(transB ? n : k, transB ? k : n, width, b, bByteOffset, ldb)) {
            wrong = misfit("B", transB ? n : k, transB ? k : n, b, bByteOffset, ldb);
        } else if (!fits(m, n, width, c, cByteOffset, ldc)) {
            wrong = misfit("C", m, n, c, cByteOffset, ldc);
        } else if (c.isReadOnly()) {
            wrong = "C is read-only";
        }
        if (wrong != null) {
            throw new IllegalArgumentException(operation + " [" + m + ", " + k + "] x [" + k + ", " + n + "], transA "
                    + transA + ", transB " + transB + ": " + wrong);
        }
    }

    private static boolean fits(int rows, int columns, int width, MemorySegment segment, long byteOffset, int ld) {
        if (ld < columns || byteOffset < 0 || byteOffset > segment.byteSize() || !segment.isNative()) {
            return false;
        }
        // In elements, not bytes, which could overflow.
        long needed = rows == 0 || columns == 0 ? 0 : (rows - 1L) * ld + columns;
        return needed <= (segment.byteSize() - byteOffset) / width;
    }

    private static String misfit(String name, int rows, int columns, MemorySegment segment, long byteOffset, int ld) {
        return name + " [" + rows + ", " + columns + "] with rows " + ld + " apart, from byte " + byteOffset
                + ", does not lie in its " + (segment.isNative() ? "" : "heap ") + "segment of " + segment.byteSize()
                + " bytes";
    }
}
