package org.espalier.backend.cuda;

import org.espalier.backend.Sampling;
import org.espalier.tensor.Tensor;

/** Launches {@code argmax.cu} and {@code sample.cu}. Shapes were checked by the caller. */
final class CudaSample {

    private final CudaModules modules;

    CudaSample(CudaModules modules) {
        this.modules = modules;
    }

    void argMax(CudaQueue queue, Tensor x, Tensor out) {
        int rows = x.shape().extent(0);
        if (rows == 0) {
            return;
        }
        int columns = x.shape().columns();
        try (CudaKernel.Call call = modules.kernel("argmax", "argmax").on(queue)) {
            call.tensor(x).tensor(out).number(columns).launch(CudaGrid.longRows(rows, columns), "argMax", x.shape());
        }
    }

    void draw(CudaQueue queue, Tensor logits, Tensor positions, Sampling sampling, Tensor out) {
        int rows = logits.shape().extent(0);
        if (rows == 0) {
            return;
        }
        int vocab = logits.shape().columns();
        try (CudaKernel.Call call = modules.kernel("sample", "sample").on(queue)) {
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
