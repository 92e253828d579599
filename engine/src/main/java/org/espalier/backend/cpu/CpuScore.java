package org.espalier.backend.cpu;

import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.backend.ScoreOps;
import org.espalier.tensor.Tensor;

/** {@link Scores} after the checks. */
interface CpuScore extends ScoreOps, CpuOps {

    @Override
    default void saliency(
            Queue queue, Saliency saliency, Tensor w, Tensor gradient, Tensor fisher, Tensor rows, Tensor columns) {
        Checks.saliency(COMPUTE, saliency, w, gradient, fisher, rows, columns);
        new Scores(session().pool())
                .run(
                        saliency,
                        new Scores.Weight(
                                w.type(),
                                Segments.of(w),
                                Segments.orNull(gradient),
                                Segments.orNull(fisher),
                                null,
                                w.shape().rows(),
                                w.shape().columns()),
                        Segments.of(rows),
                        Segments.of(columns));
    }
}
