package org.espalier.backend.cuda;

import org.espalier.backend.DropoutMask;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code add.cu}, {@code swiglu.cu} and {@code dropout.cu}. Shapes were checked by the caller. */
final class CudaElementwise {

    private final CudaContext context;
    private final CudaModules modules;

    CudaElementwise(CudaContext context, CudaModules modules) {
        this.context = context;
        this.modules = modules;
    }

    void add(CudaQueue queue, Tensor a, Tensor b, float scale, Tensor out) {
        long count = out.shape().elements();
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = modules.kernel("add", "add").on(queue)) {
            call.tensor(a)
                    .tensor(b)
                    .number(scale)
                    .tensor(out)
                    .number(count)
                    .launch(CudaGrid.filling(context, count), "add", out.shape());
        }
    }

    void accumulate(CudaQueue queue, Tensor source, float scale, Target target) {
        long count = source.shape().elements();
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = modules.kernel("add", "accumulate").on(queue)) {
            call.tensor(source)
                    .number(scale)
                    .target(target)
                    .number(count)
                    .launch(CudaGrid.filling(context, count), "accumulate", source.shape());
        }
    }

    void swiGlu(CudaQueue queue, Tensor gate, Tensor up, Tensor out) {
        long count = out.shape().elements();
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = modules.kernel("swiglu", "swiglu_forward").on(queue)) {
            call.tensor(gate)
                    .tensor(up)
                    .tensor(out)
                    .number(count)
                    .launch(CudaGrid.filling(context, count), "swiGlu", out.shape());
        }
    }

    void swiGluBackward(CudaQueue queue, Tensor gate, Tensor up, Tensor dOut, Target dGate, Target dUp) {
        long count = gate.shape().elements();
        if (count == 0 || dGate == null && dUp == null) {
            return;
        }
        try (CudaKernel.Call call = modules.kernel("swiglu", "swiglu_backward").on(queue)) {
            call.tensor(gate)
                    .tensor(up)
                    .tensor(dOut)
                    .optional(dGate)
                    .optional(dUp)
                    .number(count)
                    .launch(CudaGrid.filling(context, count), "swiGluBackward", gate.shape());
        }
    }

    void dropout(CudaQueue queue, Tensor x, DropoutMask mask, Target y) {
        long count = x.shape().elements();
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = modules.kernel("dropout", "dropout").on(queue)) {
            call.tensor(x)
                    .target(y)
                    .number(count)
                    .number(mask.threshold())
                    .number((float) mask.scale())
                    .number(mask.seed())
                    .number(mask.run())
                    .number(mask.operation())
                    .launch(CudaGrid.filling(context, count), "dropout", x.shape());
        }
    }
}
