package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * Matrix products with a weight {@code w [out, in]} of any stored type, computed in the compute type.
 */
public interface LinearOps {

    /**
     * {@code y = x wᵀ (+ bias)}.
     *
     * @param x    {@code [tokens, in]}
     * @param w    {@code [out, in]}
     * @param bias {@code [out]}, any plain floating type, or null
     * @param y    {@code [tokens, out]}
     */
    void linear(Queue queue, Tensor x, Tensor w, Tensor bias, Tensor y);

    /** {@code dX = beta * dX + dY w}. */
    void linearBackwardInput(Queue queue, Tensor dY, Tensor w, Target dX);

    /** {@code dW = beta * dW + dYᵀ x}, in the compute type. */
    void linearBackwardWeight(Queue queue, Tensor x, Tensor dY, Target dW);

    /** {@code dBias = beta * dBias + Σ_tokens dY}. */
    void linearBackwardBias(Queue queue, Tensor dY, Target dBias);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /** {@code bias} may be of any plain floating type. */
        public static void linear(DType compute, Tensor x, Tensor w, Tensor bias, Tensor y) {
            Operands o = Operands.of("linear", "x", x, "w", w, "bias", bias, "y", y)
                    .rank(w, 2)
                    .rank(x, 2);
            o.stored(w, w.shape().toArray())
                    .is(x, compute, x.shape().dim(0), w.shape().dim(1))
                    .is(y, compute, x.shape().dim(0), w.shape().dim(0));
            if (bias != null) {
                o.floating(bias, w.shape().dim(0));
            }
        }

        /**
         * {@code dY} must be {@code [tokens, out]}, {@code w} {@code [out, in]} of any stored type and {@code dX}
         * {@code [tokens, in]}.
         */
        public static void linearBackwardInput(DType compute, Tensor dY, Tensor w, Target dX) {
            Operands o = Operands.of("linearBackwardInput", "dY", dY, "w", w, "dX", dX)
                    .rank(w, 2)
                    .rank(dY, 2);
            o.stored(w, w.shape().toArray())
                    .is(dY, compute, dY.shape().dim(0), w.shape().dim(0))
                    .is(dX, compute, dY.shape().dim(0), w.shape().dim(1));
        }

        /**
         * {@code x} must be {@code [tokens, in]}, {@code dY} {@code [tokens, out]} and {@code dW} {@code [out, in]}.
         */
        public static void linearBackwardWeight(DType compute, Tensor x, Tensor dY, Target dW) {
            Operands o = Operands.of("linearBackwardWeight", "x", x, "dY", dY, "dW", dW)
                    .rank(x, 2)
                    .rank(dY, 2);
            o.like(x, compute, x.shape())
                    .is(dY, compute, x.shape().dim(0), dY.shape().dim(1))
                    .is(dW, compute, dY.shape().dim(1), x.shape().dim(1));
        }

        /** {@code dY} must be {@code [tokens, out]} and {@code dBias} {@code [out]}. */
        public static void linearBackwardBias(DType compute, Tensor dY, Target dBias) {
            Operands o =
                    Operands.of("linearBackwardBias", "dY", dY, "dBias", dBias).rank(dY, 2);
            o.like(dY, compute, dY.shape()).is(dBias, compute, dY.shape().dim(1));
        }
    }
}
