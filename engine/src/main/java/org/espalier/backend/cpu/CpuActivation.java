package org.espalier.backend.cpu;

import org.espalier.backend.ActivationFunction;
import org.espalier.backend.ActivationOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link Activations} after the checks. */
interface CpuActivation extends ActivationOps, CpuOps {

    @Override
    default void activation(Queue queue, ActivationFunction function, Tensor x, Tensor y) {
        Checks.activation(COMPUTE, x, y);
        new Activations(session().pool())
                .forward(function, Segments.of(x), Segments.of(y), x.shape().elements());
    }

    @Override
    default void activationBackward(Queue queue, ActivationFunction function, Tensor x, Tensor dY, Target dX) {
        Checks.activationBackward(COMPUTE, x, dY, dX);
        new Activations(session().pool())
                .backward(
                        function,
                        Segments.of(x),
                        Segments.of(dY),
                        Segments.of(dX),
                        dX.beta(),
                        x.shape().elements());
    }
}
