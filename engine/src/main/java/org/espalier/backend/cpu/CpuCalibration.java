package org.espalier.backend.cpu;

import org.espalier.backend.CalibrationOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link Scores}, {@link SquaredGradients} and {@link ColumnDots} after the checks. */
interface CpuCalibration extends CalibrationOps, CpuOps {

    @Override
    default void scaledSaliency(Queue queue, Saliency saliency, Tensor w, Tensor scale, Tensor rows, Tensor columns) {
        Checks.scaledSaliency(saliency, w, scale, rows, columns);
        new Scores(session().pool())
                .run(
                        saliency,
                        new Scores.Weight(
                                w.type(),
                                Segments.of(w),
                                null,
                                null,
                                Segments.of(scale),
                                w.shape().rows(),
                                w.shape().columns()),
                        Segments.of(rows),
                        Segments.of(columns));
    }

    @Override
    default void squaredGradients(
            Queue queue, Sequences rows, double[] factors, Tensor x, Tensor dY, Target gradient, Target squares) {
        Checks.squaredGradients(COMPUTE, rows, factors, x, dY, gradient, squares);
        new SquaredGradients(session())
                .run(
                        rows,
                        factors,
                        Segments.of(x),
                        Segments.of(dY),
                        Segments.orNull(gradient),
                        Segments.of(squares),
                        squares.beta(),
                        x.shape().columns(),
                        dY.shape().columns());
    }

    @Override
    default void columnDots(Queue queue, Tensor a, Tensor shift, Tensor b, Target sums) {
        Checks.columnDots(COMPUTE, a, shift, b, sums);
        new ColumnDots(session().pool())
                .run(
                        Segments.of(a),
                        shift == null ? null : session().floats(shift),
                        Segments.orNull(b),
                        Segments.of(sums),
                        sums.beta(),
                        a.shape().rows(),
                        a.shape().columns());
    }
}
