package org.espalier.backend.cuda;

import org.espalier.backend.LayerNormOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code layernorm.cu}. */
interface CudaLayerNorm extends LayerNormOps, CudaOps {

    @Override
    default void layerNorm(
            Queue queue, Tensor x, Tensor w, Tensor bias, double eps, Tensor y, Tensor mean, Tensor rstd) {
        Checks.layerNorm(COMPUTE, x, w, bias, y, mean, rstd);
        if (x.shape().elements() == 0) {
            return;
        }
        int channels = x.shape().columns();
        try (CudaKernel.Call call = layerNormCall(queue, "layernorm_forward_", w)) {
            call.tensor(x)
                    .tensor(w)
                    .optional(bias)
                    .number((float) eps)
                    .tensor(y)
                    .tensor(mean)
                    .tensor(rstd)
                    .number(channels)
                    .launch(CudaGrid.rows(x.shape().rows(), channels), "layerNorm", x.shape());
        }
    }

    @Override
    default void layerNormBackward(
            Queue queue, Tensor x, Tensor w, Tensor mean, Tensor rstd, Tensor dY, Target dX, Target dW, Target dBias) {
        Checks.layerNormBackward(COMPUTE, x, w, mean, rstd, dY, dX, dW, dBias);
        if (dX != null && x.shape().elements() != 0) {
            layerNormBackwardInput(queue, x, w, mean, rstd, dY, dX);
        }
        if ((dW != null || dBias != null) && x.shape().columns() != 0) {
            layerNormBackwardWeight(queue, x, mean, rstd, dY, dW, dBias);
        }
    }

    private void layerNormBackwardInput(
            Queue queue, Tensor x, Tensor w, Tensor mean, Tensor rstd, Tensor dY, Target dX) {
        int channels = x.shape().columns();
        try (CudaKernel.Call call = layerNormCall(queue, "layernorm_backward_input_", w)) {
            call.tensor(x)
                    .tensor(w)
                    .tensor(mean)
                    .tensor(rstd)
                    .tensor(dY)
                    .target(dX)
                    .number(channels)
                    .launch(CudaGrid.rows(x.shape().rows(), channels), "layerNormBackward dX", x.shape());
        }
    }

    /** One of the targets may be null. */
    private void layerNormBackwardWeight(
            Queue queue, Tensor x, Tensor mean, Tensor rstd, Tensor dY, Target dW, Target dBias) {
        int channels = x.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "layernorm", "layernorm_backward_weight")) {
            call.tensor(x)
                    .tensor(mean)
                    .tensor(rstd)
                    .tensor(dY)
                    .optional(dW)
                    .optional(dBias)
                    .number(x.shape().rows())
                    .number(channels)
                    .launch(CudaGrid.columnSums(channels), "layerNormBackward dW, dBias", x.shape());
        }
    }

    /** The variant of a kernel for the type of weight and bias. */
    private CudaKernel.Call layerNormCall(Queue queue, String prefix, Tensor w) {
        return session().call(queue, "layernorm", prefix + NormWeight.suffix("layerNorm", w));
    }
}
