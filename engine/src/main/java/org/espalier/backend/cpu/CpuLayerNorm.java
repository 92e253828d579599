package org.espalier.backend.cpu;

import org.espalier.backend.LayerNormOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link LayerNorm} after the checks. */
interface CpuLayerNorm extends LayerNormOps, CpuOps {

    @Override
    default void layerNorm(
            Queue queue, Tensor x, Tensor w, Tensor bias, double eps, Tensor y, Tensor mean, Tensor rstd) {
        Checks.layerNorm(COMPUTE, x, w, bias, y, mean, rstd);
        new LayerNorm(session().pool())
                .forward(input(x, mean, rstd), session().floats(w), session().biasFloats(bias), eps, Segments.of(y));
    }

    @Override
    default void layerNormBackward(
            Queue queue, Tensor x, Tensor w, Tensor mean, Tensor rstd, Tensor dY, Target dX, Target dW, Target dBias) {
        Checks.layerNormBackward(COMPUTE, x, w, mean, rstd, dY, dX, dW, dBias);
        LayerNorm.Input in = input(x, mean, rstd);
        if (dW != null) {
            new LayerNorm(session().pool()).backwardWeight(in, Segments.of(dY), Segments.of(dW), dW.beta());
        }
        if (dBias != null) {
            new RmsNorm(session().pool())
                    .sumRows(Segments.of(dY), Segments.of(dBias), dBias.beta(), in.rows(), in.columns());
        }
        if (dX != null) {
            new LayerNorm(session().pool())
                    .backwardInput(in, session().floats(w), Segments.of(dY), Segments.of(dX), dX.beta());
        }
    }

    private static LayerNorm.Input input(Tensor x, Tensor mean, Tensor rstd) {
        return new LayerNorm.Input(
                Segments.of(x),
                Segments.of(mean),
                Segments.of(rstd),
                x.shape().extent(0),
                x.shape().columns());
    }
}
