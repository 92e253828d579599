package org.espalier.backend.cuda;

import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code rotary.cu}. Shapes were checked by the caller, positions are by the kernels. */
final class CudaRotary {

    private final CudaModules modules;

    CudaRotary(CudaModules modules) {
        this.modules = modules;
    }

    void run(
            CudaQueue queue, Tensor x, Tensor positions, Tensor table, boolean interleaved, boolean inverse, Target y) {
        if (x.shape().elements() == 0) {
            return;
        }
        int heads = x.shape().extent(1);
        int half = x.shape().extent(2) / 2;
        try (CudaKernel.Call call = modules.kernel("rotary", interleaved ? "rotary_interleaved" : "rotary_halves")
                .on(queue)) {
            call.tensor(x)
                    .tensor(positions)
                    .tensor(table)
                    .target(y)
                    .number(inverse ? -1f : 1f)
                    .number(heads)
                    .number(half)
                    .number(table.shape().extent(0))
                    .launch(CudaGrid.rows(x.shape().extent(0), heads * 2 * half), "rotary", x.shape());
        }
    }
}
