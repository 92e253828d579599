package org.espalier.backend.cuda;

import org.espalier.backend.NormOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code rmsnorm.cu}. */
interface CudaNorm extends NormOps, CudaOps {

    @Override
    default void rmsNorm(Queue queue, Tensor x, Tensor w, double eps, Tensor y, Tensor rstd) {
        Checks.rmsNorm(COMPUTE, x, w, y, rstd);
        if (x.shape().elements() == 0) {
            return;
        }
        int channels = x.shape().columns();
        try (CudaKernel.Call call = rmsNormCall(queue, "rmsnorm_forward_", w)) {
            call.tensor(x)
                    .tensor(w)
                    .number((float) eps)
                    .tensor(y)
                    .tensor(rstd)
                    .number(channels)
                    .launch(CudaGrid.rows(x.shape().rows(), channels), "rmsNorm", x.shape());
        }
    }

    @Override
    default void rmsNormBackward(Queue queue, Tensor x, Tensor w, Tensor rstd, Tensor dY, Target dX, Target dW) {
        Checks.rmsNormBackward(COMPUTE, x, w, rstd, dY, dX, dW);
        if (dX != null && x.shape().elements() != 0) {
            rmsNormBackwardInput(queue, x, w, rstd, dY, dX);
        }
        if (dW != null && x.shape().columns() != 0) {
            rmsNormBackwardWeight(queue, x, rstd, dY, dW);
        }
    }

    private void rmsNormBackwardInput(Queue queue, Tensor x, Tensor w, Tensor rstd, Tensor dY, Target dX) {
        int channels = x.shape().columns();
        try (CudaKernel.Call call = rmsNormCall(queue, "rmsnorm_backward_input_", w)) {
            call.tensor(x)
                    .tensor(w)
                    .tensor(rstd)
                    .tensor(dY)
                    .target(dX)
                    .number(channels)
                    .launch(CudaGrid.rows(x.shape().rows(), channels), "rmsNormBackward dX", x.shape());
        }
    }

    private void rmsNormBackwardWeight(Queue queue, Tensor x, Tensor rstd, Tensor dY, Target dW) {
        int channels = x.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "rmsnorm", "rmsnorm_backward_weight")) {
            call.tensor(x)
                    .tensor(rstd)
                    .tensor(dY)
                    .target(dW)
                    .number(x.shape().rows())
                    .number(channels)
                    .launch(CudaGrid.columnSums(channels), "rmsNormBackward dW", x.shape());
        }
    }

    /** The variant of a kernel for the weight's type. */
    private CudaKernel.Call rmsNormCall(Queue queue, String prefix, Tensor w) {
        return session().call(queue, "rmsnorm", prefix + NormWeight.suffix("rmsNorm", w));
    }
}
