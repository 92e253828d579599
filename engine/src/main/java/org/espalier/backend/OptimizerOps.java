package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** What an optimiser step needs, so that its numbers never visit the host. */
public interface OptimizerOps {

    /** {@code out[0] = beta · out[0] + Σ x²}; {@code out} is float64 {@code [1]}. */
    void sumOfSquares(Queue queue, Tensor x, Target out);

    /**
     * {@code out[0] = min(1, maxNorm / (sqrt(sumOfSquares[0]) + 1e-6))}, the factor of clipping by global norm as
     * PyTorch computes it; {@code out} is float32 {@code [1]}, {@code sumOfSquares} float64 {@code [1]}.
     */
    void clipFactor(Queue queue, Tensor sumOfSquares, float maxNorm, Tensor out);

    /**
     * One step of AdamW (Loshchilov and Hutter 2019) on compute-type tensors of one shape.
     *
     * @param w      weights, updated
     * @param g      gradient
     * @param m      first moment, updated
     * @param v      second moment, updated
     * @param factor float32 {@code [1]} that the gradient is multiplied by first, or null for 1
     */
    void adamW(Queue queue, AdamW settings, int step, Tensor w, Tensor g, Tensor m, Tensor v, Tensor factor);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /** {@code x} must be in the compute type, of any shape, and {@code out} float64 {@code [1]}. */
        public static void sumOfSquares(DType compute, Tensor x, Target out) {
            Operands o = Operands.of("sumOfSquares", "x", x, "out", out).present(x);
            o.like(x, compute, x.shape()).is(out, DType.F64, 1);
        }

        /** {@code sumOfSquares} must be float64 {@code [1]} and {@code out} float32 {@code [1]}. */
        public static void clipFactor(Tensor sumOfSquares, Tensor out) {
            Operands.of("clipFactor", "sumOfSquares", sumOfSquares, "out", out)
                    .is(sumOfSquares, DType.F64, 1)
                    .is(out, DType.F32, 1);
        }

        /** {@code step} counts from 1. */
        public static void adamW(DType compute, int step, Tensor w, Tensor g, Tensor m, Tensor v, Tensor factor) {
            Operands o = Operands.of("adamW", "w", w, "g", g, "m", m, "v", v, "factor", factor)
                    .present(w);
            o.like(w, compute, w.shape())
                    .like(g, compute, w.shape())
                    .like(m, compute, w.shape())
                    .like(v, compute, w.shape())
                    .isOrNull(factor, DType.F32, 1)
                    .require(step >= 1, "steps count from 1, not " + step);
        }
    }
}
