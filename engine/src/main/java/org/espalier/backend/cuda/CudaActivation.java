package org.espalier.backend.cuda;

import java.util.Locale;
import org.espalier.backend.ActivationFunction;
import org.espalier.backend.ActivationOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code activation.cu}. */
interface CudaActivation extends ActivationOps, CudaOps {

    @Override
    default void activation(Queue queue, ActivationFunction function, Tensor x, Tensor y) {
        Checks.activation(COMPUTE, x, y);
        long count = x.shape().elements();
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = activationCall(queue, "activation_forward_", function)) {
            call.tensor(x)
                    .tensor(y)
                    .number(count)
                    .launch(session().filling(count), "activation " + function, x.shape());
        }
    }

    @Override
    default void activationBackward(Queue queue, ActivationFunction function, Tensor x, Tensor dY, Target dX) {
        Checks.activationBackward(COMPUTE, x, dY, dX);
        long count = x.shape().elements();
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = activationCall(queue, "activation_backward_", function)) {
            call.tensor(x)
                    .tensor(dY)
                    .target(dX)
                    .number(count)
                    .launch(session().filling(count), "activationBackward " + function, x.shape());
        }
    }

    private CudaKernel.Call activationCall(Queue queue, String prefix, ActivationFunction function) {
        return session().call(queue, "activation", prefix + function.name().toLowerCase(Locale.ROOT));
    }
}
