package org.espalier.backend.cpu;

import org.espalier.backend.Queue;
import org.espalier.backend.SampleOps;
import org.espalier.backend.Sampling;
import org.espalier.tensor.Tensor;

/** {@link Sample} after the checks. */
interface CpuSample extends SampleOps, CpuOps {

    @Override
    default void argMax(Queue queue, Tensor x, Tensor out) {
        Checks.argMax(COMPUTE, x, out);
        new Sample(session().pool())
                .argMax(
                        Segments.of(x),
                        Segments.of(out),
                        x.shape().extent(0),
                        x.shape().columns());
    }

    @Override
    default void sample(Queue queue, Tensor logits, Tensor positions, Sampling sampling, Tensor out) {
        Checks.sample(COMPUTE, logits, positions, out);
        new Sample(session().pool())
                .draw(
                        Segments.of(logits),
                        Segments.of(positions),
                        Segments.of(out),
                        logits.shape().extent(0),
                        logits.shape().columns(),
                        sampling);
    }
}
