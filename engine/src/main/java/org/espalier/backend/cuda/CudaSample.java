package org.espalier.backend.cuda;

import org.espalier.backend.Queue;
import org.espalier.backend.SampleOps;
import org.espalier.backend.Sampling;
import org.espalier.tensor.Tensor;

/** Launches {@code argmax.cu} and {@code sample.cu}. */
interface CudaSample extends SampleOps, CudaOps {

    @Override
    default void argMax(Queue queue, Tensor x, Tensor out) {
        Checks.argMax(COMPUTE, x, out);
        int rows = x.shape().extent(0);
        if (rows == 0) {
            return;
        }
        int columns = x.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "argmax", "argmax")) {
            call.tensor(x).tensor(out).number(columns).launch(CudaGrid.longRows(rows, columns), "argMax", x.shape());
        }
    }

    @Override
    default void sample(Queue queue, Tensor logits, Tensor positions, Sampling sampling, Tensor out) {
        Checks.sample(COMPUTE, logits, positions, out);
        int rows = logits.shape().extent(0);
        if (rows == 0) {
            return;
        }
        int vocab = logits.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "sample", "sample")) {
            call.tensor(logits)
                    .tensor(positions)
                    .tensor(out)
                    .number(vocab)
                    .number((float) (1 / sampling.temperature()))
                    .number(sampling.topK())
                    .number(sampling.topP())
                    .number(sampling.seed())
                    .launch(CudaGrid.longRows(rows, vocab), "sample", logits.shape());
        }
    }
}
