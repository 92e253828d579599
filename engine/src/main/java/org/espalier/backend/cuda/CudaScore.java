package org.espalier.backend.cuda;

import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.backend.ScoreOps;
import org.espalier.tensor.Tensor;

/** {@link SaliencyKernels} after the checks. */
interface CudaScore extends ScoreOps, CudaOps {

    @Override
    default void saliency(
            Queue queue, Saliency saliency, Tensor w, Tensor gradient, Tensor fisher, Tensor rows, Tensor columns) {
        Checks.saliency(COMPUTE, saliency, w, gradient, fisher, rows, columns);
        new SaliencyKernels(session(), session().ownQueue(queue))
                .run(saliency, w, gradient, fisher, null, rows, columns);
    }
}
