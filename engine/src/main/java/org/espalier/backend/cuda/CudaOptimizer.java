package org.espalier.backend.cuda;

import org.espalier.backend.AdamW;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Launches {@code sum_of_squares.cu} and {@code adamw.cu}. Shapes were checked by the caller. */
final class CudaOptimizer {

    private static final String NORM = "sum_of_squares";
    /** Numbers of a block of the first step of a sum, as the kernel has it. */
    private static final int CHUNK = 16384;

    private final CudaContext context;
    private final CudaMemory memory;
    private final CudaModules modules;

    CudaOptimizer(CudaContext context, CudaMemory memory, CudaModules modules) {
        this.context = context;
        this.memory = memory;
        this.modules = modules;
    }

    void sumOfSquares(CudaQueue queue, Tensor x, Target out) {
        CudaGrid grid = CudaGrid.chunks(x.shape().elements(), CHUNK);
        int parts = grid.blocksX();
        try (CudaBuffer buffer =
                memory.scratch(queue, DType.F64.bytes(parts), "partial sums of squares " + x.shape())) {
            Tensor partials = Tensor.of(buffer, DType.F64, Shape.of(parts));
            if (parts > 0) {
                try (CudaKernel.Call call =
                        modules.kernel(NORM, "sum_of_squares_partial").on(queue)) {
                    call.tensor(x)
                            .tensor(partials)
                            .number(x.shape().elements())
                            .launch(grid, "sumOfSquares", x.shape());
                }
            }
            try (CudaKernel.Call call =
                    modules.kernel(NORM, "sum_of_squares_total").on(queue)) {
                call.tensor(partials)
                        .number(parts)
                        .tensor(out.tensor())
                        .number((double) out.beta())
                        .launch(CudaGrid.of(1, CudaGrid.THREADS), "sumOfSquares", x.shape());
            }
        }
    }

    void clipFactor(CudaQueue queue, Tensor sumOfSquares, float maxNorm, Tensor out) {
        try (CudaKernel.Call call = modules.kernel(NORM, "clip_factor").on(queue)) {
            call.tensor(sumOfSquares).number((double) maxNorm).tensor(out).launch(CudaGrid.of(1, 1), "clipFactor");
        }
    }

    /** {@code factor} is null for 1. */
    void adamW(CudaQueue queue, AdamW s, int step, Tensor w, Tensor g, Tensor m, Tensor v, Tensor factor) {
        long count = w.shape().elements();
        if (count == 0) {
            return;
        }
        double rate = s.learningRate() / (1 - StrictMath.pow(s.beta1(), step));
        double rootCorrection = 1 / Math.sqrt(1 - StrictMath.pow(s.beta2(), step));
        try (CudaKernel.Call call = modules.kernel("adamw", "adamw").on(queue)) {
            call.tensor(w)
                    .tensor(g)
                    .tensor(m)
                    .tensor(v)
                    .optional(factor)
                    .number(count)
                    .number((float) (1 - s.learningRate() * s.weightDecay()))
                    .number((float) s.beta1())
                    .number((float) (1 - s.beta1()))
                    .number((float) s.beta2())
                    .number((float) (1 - s.beta2()))
                    .number((float) -rate)
                    .number((float) rootCorrection)
                    .number((float) s.eps())
                    .launch(CudaGrid.filling(context, count), "adamW", w.shape());
        }
    }
}
