package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.AdamW;
import org.espalier.backend.OptimizerOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link Optimizer} after the checks. */
interface CpuOptimizer extends OptimizerOps, CpuOps {

    @Override
    default void sumOfSquares(Queue queue, Tensor x, Target out) {
        Checks.sumOfSquares(COMPUTE, x, out);
        double sum = new Optimizer(session().pool())
                .sumOfSquares(Segments.of(x), x.shape().elements());
        MemorySegment target = Segments.of(out);
        target.set(Lanes.DOUBLE, 0, out.accumulates() ? target.get(Lanes.DOUBLE, 0) + sum : sum);
    }

    @Override
    default void clipFactor(Queue queue, Tensor sumOfSquares, float maxNorm, Tensor out) {
        Checks.clipFactor(sumOfSquares, out);
        double factor = maxNorm / (Math.sqrt(Segments.of(sumOfSquares).get(Lanes.DOUBLE, 0)) + 1e-6);
        Segments.of(out).set(Lanes.FLOAT, 0, (float) Math.min(1, factor));
    }

    @Override
    default void adamW(Queue queue, AdamW settings, int step, Tensor w, Tensor g, Tensor m, Tensor v, Tensor factor) {
        Checks.adamW(COMPUTE, step, w, g, m, v, factor);
        float gradientFactor = factor == null ? 1 : Segments.of(factor).get(Lanes.FLOAT, 0);
        new Optimizer(session().pool())
                .adamW(
                        settings,
                        step,
                        Segments.of(w),
                        Segments.of(g),
                        Segments.of(m),
                        Segments.of(v),
                        gradientFactor,
                        w.shape().elements());
    }
}
