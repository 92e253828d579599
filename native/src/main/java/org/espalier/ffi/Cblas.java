package org.espalier.ffi;

import org.espalier.error.Failure;
import org.espalier.ffi.cblas.CblasLibrary;

/**
 * Matrix products of OpenBLAS on row-major matrices in native memory: {@code C = alpha A B + beta C} with A [m, k], B [k, n]
 * and C [m, n], of which A and B may be stored as their transposes. With {@code beta} 0 what C holds is not read. Every
 * operand is checked to lie inside its segment before native code sees it. C must not overlap A or B.
 *
 * <p>One call runs on the calling thread alone; any number of threads may call at once.
 */
public final class Cblas {

    private Cblas() {}

    /**
     * The product in float32.
     *
     * @param a [m, k]
     * @param b [k, n]
     * @param c [m, n]
     * @throws IllegalArgumentException if an operand does not fit, naming the operation and its shapes
     * @throws Failure                  if OpenBLAS cannot be loaded
     */
    public static void sgemm(
            int m, int n, int k, float alpha, GemmOperand a, GemmOperand b, float beta, GemmOperand c) {
        GemmOperand.check("sgemm", Float.BYTES, Float.BYTES, m, n, k, a, b, c);
        if (m == 0 || n == 0) {
            return;
        }
        OpenBlas.load();
        CblasLibrary.cblas_sgemm(
                CblasLibrary.CblasRowMajor(),
                transposition(a),
                transposition(b),
                m,
                n,
                k,
                alpha,
                a.start(),
                a.ld(),
                b.start(),
                b.ld(),
                beta,
                c.start(),
                c.ld());
    }

    /** The product in float64; otherwise as {@link #sgemm}. */
    public static void dgemm(
            int m, int n, int k, double alpha, GemmOperand a, GemmOperand b, double beta, GemmOperand c) {
        GemmOperand.check("dgemm", Double.BYTES, Double.BYTES, m, n, k, a, b, c);
        if (m == 0 || n == 0) {
            return;
        }
        OpenBlas.load();
        CblasLibrary.cblas_dgemm(
                CblasLibrary.CblasRowMajor(),
                transposition(a),
                transposition(b),
                m,
                n,
                k,
                alpha,
                a.start(),
                a.ld(),
                b.start(),
                b.ld(),
                beta,
                c.start(),
                c.ld());
    }

    private static int transposition(GemmOperand operand) {
        return operand.transposed() ? CblasLibrary.CblasTrans() : CblasLibrary.CblasNoTrans();
    }
}
