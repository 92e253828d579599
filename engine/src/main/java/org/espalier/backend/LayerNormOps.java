package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Layer normalisation (Ba, Kiros and Hinton 2016). */
public interface LayerNormOps {

    /**
     * {@code y[t, c] = x̂[t, c] · w[c] + bias[c]} with {@code x̂[t, c] = (x[t, c] − mean[t]) · rstd[t]},
     * {@code mean[t] = mean_c x[t, c]} and {@code rstd[t] = 1 / sqrt(mean_c (x[t, c] − mean[t])² + eps)}.
     *
     * @param x    {@code [tokens, channels]}
     * @param w    {@code [channels]}, any plain floating type
     * @param bias {@code [channels]}, of the type of {@code w}; or null for none
     * @param y    {@code [tokens, channels]}
     * @param mean {@code [tokens]}, written for the backward step
     * @param rstd {@code [tokens]}, likewise
     */
    void layerNorm(Queue queue, Tensor x, Tensor w, Tensor bias, double eps, Tensor y, Tensor mean, Tensor rstd);

    /**
     * The derivative of {@link #layerNorm}: {@code dX = beta · dX + rstd (w dY − mean_c(w dY) − x̂ · mean_c(w dY x̂))},
     * {@code dW = beta · dW + Σ_t dY x̂} and {@code dBias = beta · dBias + Σ_t dY}.
     *
     * @param dX    {@code [tokens, channels]}, or null if nobody wants it
     * @param dW    {@code [channels]}, or null if nobody wants it
     * @param dBias {@code [channels]}, or null if nobody wants it
     */
    void layerNormBackward(
            Queue queue, Tensor x, Tensor w, Tensor mean, Tensor rstd, Tensor dY, Target dX, Target dW, Target dBias);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /**
         * {@code x} and {@code y} must be {@code [tokens, channels]}, {@code w} {@code [channels]} of a plain floating
         * type, {@code bias} null or like {@code w}, {@code mean} and {@code rstd} {@code [tokens]}.
         */
        public static void layerNorm(
                DType compute, Tensor x, Tensor w, Tensor bias, Tensor y, Tensor mean, Tensor rstd) {
            Operands o = Operands.of("layerNorm", "x", x, "w", w, "bias", bias, "y", y, "mean", mean, "rstd", rstd)
                    .rank(x, 2);
            long tokens = x.shape().dim(0);
            o.like(x, compute, x.shape())
                    .floating(w, x.shape().dim(1))
                    .isOrNull(bias, w.type(), x.shape().dim(1))
                    .like(y, compute, x.shape())
                    .is(mean, compute, tokens)
                    .is(rstd, compute, tokens);
        }

        /**
         * {@code x}, {@code dY} and {@code dX} must be {@code [tokens, channels]}, {@code w} {@code [channels]} of a
         * plain floating type, {@code dW} and {@code dBias} {@code [channels]}, {@code mean} and {@code rstd} {@code
         * [tokens]}; each target may be null.
         */
        public static void layerNormBackward(
                DType compute,
                Tensor x,
                Tensor w,
                Tensor mean,
                Tensor rstd,
                Tensor dY,
                Target dX,
                Target dW,
                Target dBias) {
            Operands o = Operands.of(
                            "layerNormBackward",
                            "x",
                            x,
                            "w",
                            w,
                            "mean",
                            mean,
                            "rstd",
                            rstd,
                            "dY",
                            dY,
                            "dX",
                            dX,
                            "dW",
                            dW,
                            "dBias",
                            dBias)
                    .rank(x, 2);
            long tokens = x.shape().dim(0);
            long channels = x.shape().dim(1);
            o.is(x, compute, tokens, channels)
                    .floating(w, channels)
                    .is(mean, compute, tokens)
                    .is(rstd, compute, tokens)
                    .is(dY, compute, tokens, channels)
                    .isOrNull(dX, compute, tokens, channels)
                    .isOrNull(dW, compute, channels)
                    .isOrNull(dBias, compute, channels);
        }
    }
}
