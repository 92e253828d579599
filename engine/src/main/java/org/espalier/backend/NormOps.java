package org.espalier.backend;

import org.espalier.tensor.Tensor;

/** Root-mean-square normalisation (Zhang and Sennrich 2019). */
public interface NormOps {

    /**
     * {@code y[t, c] = x[t, c] · rstd[t] · w[c]} with {@code rstd[t] = 1 / sqrt(mean_c x[t, c]² + eps)}.
     *
     * @param x    {@code [tokens, channels]}
     * @param w    {@code [channels]}, any plain floating type
     * @param y    {@code [tokens, channels]}
     * @param rstd {@code [tokens]}, written for the backward step
     */
    void rmsNorm(Queue queue, Tensor x, Tensor w, double eps, Tensor y, Tensor rstd);

    /**
     * {@code dX = betaX · dX + rstd (w dY − x̂ · mean_c(w dY x̂))} with {@code x̂ = x rstd}, and
     * {@code dW = betaW · dW + Σ_t dY x̂}.
     *
     * @param dX {@code [tokens, channels]}, or null if nobody wants it
     * @param dW {@code [channels]}, or null if nobody wants it
     */
    void rmsNormBackward(Queue queue, Tensor x, Tensor w, Tensor rstd, Tensor dY, Target dX, Target dW);
}
