package org.espalier.ffi;

import org.espalier.error.Failure;
import org.espalier.ffi.OneDnn.State;

/**
 * Products of bfloat16 matrices, summed in float32: {@code C = alpha A B + beta C} with A [m, k] and B [k, n] of bfloat16 and C
 * [m, n] of float32, otherwise as {@link Cblas#sgemm}. Subnormal numbers count as zeros.
 *
 * <p>One call runs on the calling thread alone; any number of threads may call at once.
 */
public final class Bfloat16Products {

    private Bfloat16Products() {}

    /**
     * The product.
     *
     * @throws IllegalArgumentException if an operand does not fit, naming the operation and its shapes
     * @throws IllegalStateException    if {@link OneDnn#usable} says no
     * @throws Failure                  if oneDNN refuses, with its status
     */
    public static void multiply(
            int m, int n, int k, float alpha, GemmOperand a, GemmOperand b, float beta, GemmOperand c) {
        GemmOperand.check("bfloat16 product", Short.BYTES, Float.BYTES, m, n, k, a, b, c);
        if (m == 0 || n == 0) {
            return;
        }
        if (k == 0) {
            // oneDNN leaves C alone then.
            Cblas.sgemm(m, n, k, alpha, a, b, beta, c);
            return;
        }
        if (!(OneDnn.state() instanceof State.Usable(String description, var product))) {
            throw new IllegalStateException("there is no oneDNN that this processor can use");
        }
        int status;
        try {
            status = (int) product.invokeExact(
                    letter(a),
                    letter(b),
                    (long) m,
                    (long) n,
                    (long) k,
                    alpha,
                    a.start(),
                    (long) a.ld(),
                    b.start(),
                    (long) b.ld(),
                    beta,
                    c.start(),
                    (long) c.ld());
        } catch (Throwable e) {
            throw new IllegalStateException("oneDNN's product could not be called", e);
        }
        if (status != 0) {
            throw new Failure(
                    "oneDNN could not multiply [%d, %d] by [%d, %d], status %d".formatted(m, k, k, n, status),
                    description,
                    status == 1 ? "free memory" : "run with --precision float32");
        }
    }

    private static byte letter(GemmOperand operand) {
        return (byte) (operand.transposed() ? 'T' : 'N');
    }
}
