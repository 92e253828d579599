package org.espalier.backend.cuda;

import org.espalier.backend.LinearOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link CudaProducts} and {@link CudaBias} after the checks. */
interface CudaLinear extends LinearOps, CudaOps {

    @Override
    default void linear(Queue queue, Tensor x, Tensor w, Tensor bias, Tensor y) {
        Checks.linear(COMPUTE, x, w, bias, y);
        new CudaProducts(session(), session().ownQueue(queue)).forward(x, w, bias, y);
    }

    @Override
    default void linearBackwardInput(Queue queue, Tensor dY, Tensor w, Target dX) {
        Checks.linearBackwardInput(COMPUTE, dY, w, dX);
        new CudaProducts(session(), session().ownQueue(queue)).backwardInput(dY, w, dX);
    }

    @Override
    default void linearBackwardWeight(Queue queue, Tensor x, Tensor dY, Target dW) {
        Checks.linearBackwardWeight(COMPUTE, x, dY, dW);
        new CudaProducts(session(), session().ownQueue(queue)).backwardWeight(x, dY, dW);
    }

    @Override
    default void linearBackwardBias(Queue queue, Tensor dY, Target dBias) {
        Checks.linearBackwardBias(COMPUTE, dY, dBias);
        new CudaBias(session(), session().ownQueue(queue)).backward(dY, dBias);
    }
}
