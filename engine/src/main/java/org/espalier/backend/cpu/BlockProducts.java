package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.ffi.Cblas;
import org.espalier.ffi.GemmOperand;

/**
 * Products of float32 matrices that a worker computes alone, inside a task: those of attention, and gradients of single
 * sequences. Sums are float32.
 */
interface BlockProducts {

    /** Operands as they are. */
    BlockProducts EXACT = new BlockProducts() {
        @Override
        public void multiply(
                int m,
                int n,
                int k,
                float alpha,
                GemmOperand a,
                GemmOperand b,
                float beta,
                GemmOperand c,
                MemorySegment room) {
            Cblas.sgemm(m, n, k, alpha, a, b, beta, c);
        }

        @Override
        public long room(long numbers) {
            return 0;
        }
    };

    /** {@code C [m, n] = alpha A [m, k] B [k, n] + beta C}; {@code room} is for the operands as they enter the product. */
    void multiply(
            int m,
            int n,
            int k,
            float alpha,
            GemmOperand a,
            GemmOperand b,
            float beta,
            GemmOperand c,
            MemorySegment room);

    /** Bytes of room that a product needs whose operands have so many numbers together. */
    long room(long numbers);
}
