package org.espalier.backend;

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
}
