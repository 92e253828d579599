package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.LinearOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link MatVec} for a few tokens, {@link LinearProducts} for more. */
interface CpuLinear extends LinearOps, CpuOps {

    @Override
    default void linear(Queue queue, Tensor x, Tensor w, Tensor bias, Tensor y) {
        Checks.linear(COMPUTE, x, w, bias, y);
        int tokens = x.shape().extent(0);
        MemorySegment biasNumbers = bias == null ? null : session().floats(bias);
        if (tokens <= MatVec.MAX_TOKENS) {
            session().matVec().run(Segments.of(x), Weight.of(w), biasNumbers, Segments.of(y), tokens);
        } else {
            session().products().forward(Segments.of(x), Weight.of(w), biasNumbers, Segments.of(y), tokens);
        }
    }

    @Override
    default void linearBackwardInput(Queue queue, Tensor dY, Tensor w, Target dX) {
        Checks.linearBackwardInput(COMPUTE, dY, w, dX);
        session()
                .products()
                .backwardInput(
                        Segments.of(dY),
                        Weight.of(w),
                        Segments.of(dX),
                        dX.beta(),
                        dY.shape().extent(0));
    }

    @Override
    default void linearBackwardWeight(Queue queue, Tensor x, Tensor dY, Target dW) {
        Checks.linearBackwardWeight(COMPUTE, x, dY, dW);
        session()
                .products()
                .backwardWeight(
                        Segments.of(x),
                        Segments.of(dY),
                        Segments.of(dW),
                        dW.beta(),
                        x.shape().extent(0),
                        x.shape().columns(),
                        dY.shape().columns());
    }

    @Override
    default void linearBackwardBias(Queue queue, Tensor dY, Target dBias) {
        Checks.linearBackwardBias(COMPUTE, dY, dBias);
        new RmsNorm(session().pool())
                .sumRows(
                        Segments.of(dY),
                        Segments.of(dBias),
                        dBias.beta(),
                        dY.shape().extent(0),
                        dY.shape().columns());
    }
}
