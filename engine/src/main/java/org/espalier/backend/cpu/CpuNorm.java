package org.espalier.backend.cpu;

import org.espalier.backend.NormOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link RmsNorm} after the checks. */
interface CpuNorm extends NormOps, CpuOps {

    @Override
    default void rmsNorm(Queue queue, Tensor x, Tensor w, double eps, Tensor y, Tensor rstd) {
        Checks.rmsNorm(COMPUTE, x, w, y, rstd);
        new RmsNorm(session().pool())
                .forward(
                        Segments.of(x),
                        session().floats(w),
                        eps,
                        Segments.of(y),
                        Segments.of(rstd),
                        x.shape().extent(0),
                        x.shape().columns());
    }

    @Override
    default void rmsNormBackward(Queue queue, Tensor x, Tensor w, Tensor rstd, Tensor dY, Target dX, Target dW) {
        Checks.rmsNormBackward(COMPUTE, x, w, rstd, dY, dX, dW);
        int tokens = x.shape().extent(0);
        int channels = x.shape().columns();
        if (dW != null) {
            new RmsNorm(session().pool())
                    .backwardWeight(
                            Segments.of(x),
                            Segments.of(rstd),
                            Segments.of(dY),
                            Segments.of(dW),
                            dW.beta(),
                            tokens,
                            channels);
        }
        if (dX != null) {
            new RmsNorm(session().pool())
                    .backwardInput(
                            Segments.of(x),
                            session().floats(w),
                            Segments.of(rstd),
                            Segments.of(dY),
                            Segments.of(dX),
                            dX.beta(),
                            tokens,
                            channels);
        }
    }
}
