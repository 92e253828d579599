package org.espalier.backend.cuda;

import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Launches {@code rmsnorm.cu}. Shapes were checked by the caller. */
final class CudaNorm {

    private static final String FILE = "rmsnorm";
    /** Of the kernel of the weight's gradient: columns and rows of a block. */
    private static final int WEIGHT_COLUMNS = 32;

    private static final int WEIGHT_ROWS = 16;

    private final CudaModules modules;

    CudaNorm(CudaModules modules) {
        this.modules = modules;
    }

    void forward(CudaQueue queue, Tensor x, Tensor w, float eps, Tensor y, Tensor rstd) {
        if (x.shape().elements() == 0) {
            return;
        }
        int channels = x.shape().columns();
        try (CudaKernel.Call call = forWeight("rmsnorm_forward_", w).on(queue)) {
            call.tensor(x)
                    .tensor(w)
                    .number(eps)
                    .tensor(y)
                    .tensor(rstd)
                    .number(channels)
                    .launch(CudaGrid.rows(x.shape().rows(), channels), "rmsNorm", x.shape());
        }
    }

    void backwardInput(CudaQueue queue, Tensor x, Tensor w, Tensor rstd, Tensor dY, Target dX) {
        if (x.shape().elements() == 0) {
            return;
        }
        int channels = x.shape().columns();
        try (CudaKernel.Call call = forWeight("rmsnorm_backward_input_", w).on(queue)) {
            call.tensor(x)
                    .tensor(w)
                    .tensor(rstd)
                    .tensor(dY)
                    .target(dX)
                    .number(channels)
                    .launch(CudaGrid.rows(x.shape().rows(), channels), "rmsNormBackward dX", x.shape());
        }
    }

    void backwardWeight(CudaQueue queue, Tensor x, Tensor rstd, Tensor dY, Target dW) {
        int channels = x.shape().columns();
        if (channels == 0) {
            return;
        }
        try (CudaKernel.Call call =
                modules.kernel(FILE, "rmsnorm_backward_weight").on(queue)) {
            call.tensor(x)
                    .tensor(rstd)
                    .tensor(dY)
                    .target(dW)
                    .number(x.shape().rows())
                    .number(channels)
                    .launch(
                            new CudaGrid(Math.ceilDiv(channels, WEIGHT_COLUMNS), 1, 1, WEIGHT_COLUMNS, WEIGHT_ROWS),
                            "rmsNormBackward dW",
                            x.shape());
        }
    }

    /** The variant of a kernel for the weight's type. */
    private CudaKernel forWeight(String prefix, Tensor w) {
        return modules.kernel(
                FILE,
                prefix
                        + switch (w.type()) {
                            case F32 -> "f32";
                            case BF16 -> "bf16";
                            case F16 -> "f16";
                            default ->
                                throw new IllegalArgumentException("rmsNorm: w must be " + DType.F32 + ", " + DType.BF16
                                        + " or " + DType.F16 + " on a CUDA device; w " + w.type() + " " + w.shape());
                        });
    }
}
