package org.espalier.backend;

import org.espalier.tensor.DType;
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

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /**
         * {@code x} and {@code y} must be {@code [tokens, channels]}, {@code w} {@code [channels]} of a plain floating
         * type and {@code rstd} {@code [tokens]}.
         */
        public static void rmsNorm(DType compute, Tensor x, Tensor w, Tensor y, Tensor rstd) {
            Operands o =
                    Operands.of("rmsNorm", "x", x, "w", w, "y", y, "rstd", rstd).rank(x, 2);
            o.like(x, compute, x.shape())
                    .floating(w, x.shape().dim(1))
                    .like(y, compute, x.shape())
                    .is(rstd, compute, x.shape().dim(0));
        }

        /**
         * {@code x}, {@code dY} and {@code dX} must be {@code [tokens, channels]}, {@code w} {@code [channels]} of a
         * plain floating type, {@code dW} {@code [channels]} and {@code rstd} {@code [tokens]}; each target may be
         * null.
         */
        public static void rmsNormBackward(
                DType compute, Tensor x, Tensor w, Tensor rstd, Tensor dY, Target dX, Target dW) {
            Operands o = Operands.of("rmsNormBackward", "x", x, "w", w, "rstd", rstd, "dY", dY, "dX", dX, "dW", dW)
                    .rank(x, 2);
            long tokens = x.shape().dim(0);
            long channels = x.shape().dim(1);
            o.is(x, compute, tokens, channels)
                    .floating(w, channels)
                    .is(rstd, compute, tokens)
                    .is(dY, compute, tokens, channels)
                    .isOrNull(dX, compute, tokens, channels)
                    .isOrNull(dW, compute, channels);
        }
    }
}
