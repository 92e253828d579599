package org.espalier.backend.cuda;

import org.espalier.backend.AdamW;
import org.espalier.backend.OptimizerOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Launches {@code sum_of_squares.cu} and {@code adamw.cu}. */
interface CudaOptimizer extends OptimizerOps, CudaOps {

    /** Numbers of a block of the first step of a sum, as the kernel has it. */
    int SQUARES_CHUNK = 16384;

    @Override
    default void sumOfSquares(Queue queue, Tensor x, Target out) {
        Checks.sumOfSquares(COMPUTE, x, out);
        CudaGrid grid = CudaGrid.chunks(x.shape().elements(), SQUARES_CHUNK);
        int parts = grid.blocksX();
        try (CudaBuffer buffer = session()
                .memory()
                .scratch(session().ownQueue(queue), DType.F64.bytes(parts), "partial sums of squares " + x.shape())) {
            Tensor partials = Tensor.of(buffer, DType.F64, Shape.of(parts));
            if (parts > 0) {
                try (CudaKernel.Call call = session().call(queue, "sum_of_squares", "sum_of_squares_partial")) {
                    call.tensor(x)
                            .tensor(partials)
                            .number(x.shape().elements())
                            .launch(grid, "sumOfSquares", x.shape());
                }
            }
            try (CudaKernel.Call call = session().call(queue, "sum_of_squares", "sum_of_squares_total")) {
                call.tensor(partials)
                        .number(parts)
                        .tensor(out.tensor())
                        .number((double) out.beta())
                        .launch(CudaGrid.of(1, CudaGrid.THREADS), "sumOfSquares", x.shape());
            }
        }
    }

    @Override
    default void clipFactor(Queue queue, Tensor sumOfSquares, float maxNorm, Tensor out) {
        Checks.clipFactor(sumOfSquares, out);
        try (CudaKernel.Call call = session().call(queue, "sum_of_squares", "clip_factor")) {
            call.tensor(sumOfSquares).number((double) maxNorm).tensor(out).launch(CudaGrid.of(1, 1), "clipFactor");
        }
    }

    @Override
    default void adamW(Queue queue, AdamW settings, int step, Tensor w, Tensor g, Tensor m, Tensor v, Tensor factor) {
        Checks.adamW(COMPUTE, step, w, g, m, v, factor);
        long count = w.shape().elements();
        if (count == 0) {
            return;
        }
        double rate = settings.learningRate() / (1 - StrictMath.pow(settings.beta1(), step));
        double rootCorrection = 1 / Math.sqrt(1 - StrictMath.pow(settings.beta2(), step));
        try (CudaKernel.Call call = session().call(queue, "adamw", "adamw")) {
            call.tensor(w)
                    .tensor(g)
                    .tensor(m)
                    .tensor(v)
                    .optional(factor)
                    .number(count)
                    .number((float) (1 - settings.learningRate() * settings.weightDecay()))
                    .number((float) settings.beta1())
                    .number((float) (1 - settings.beta1()))
                    .number((float) settings.beta2())
                    .number((float) (1 - settings.beta2()))
                    .number((float) -rate)
                    .number((float) rootCorrection)
                    .number((float) settings.eps())
                    .launch(session().filling(count), "adamW", w.shape());
        }
    }
}
