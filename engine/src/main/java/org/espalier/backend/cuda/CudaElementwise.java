package org.espalier.backend.cuda;

import org.espalier.backend.DropoutMask;
import org.espalier.backend.ElementwiseOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code add.cu}, {@code multiply.cu}, {@code swiglu.cu} and {@code dropout.cu}. */
interface CudaElementwise extends ElementwiseOps, CudaOps {

    @Override
    default void add(Queue queue, Tensor a, Tensor b, double scale, Tensor out) {
        Checks.add(COMPUTE, a, b, out);
        long count = out.shape().elements();
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "add", "add")) {
            call.tensor(a)
                    .tensor(b)
                    .number((float) scale)
                    .tensor(out)
                    .number(count)
                    .launch(session().filling(count), "add", out.shape());
        }
    }

    @Override
    default void accumulate(Queue queue, Tensor source, double scale, Target target) {
        Checks.accumulate(COMPUTE, source, target);
        long count = source.shape().elements();
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "add", "accumulate")) {
            call.tensor(source)
                    .number((float) scale)
                    .target(target)
                    .number(count)
                    .launch(session().filling(count), "accumulate", source.shape());
        }
    }

    @Override
    default void multiply(Queue queue, Tensor a, Tensor b, Target out) {
        Checks.multiply(COMPUTE, a, b, out);
        long count = a.shape().elements();
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "multiply", "multiply")) {
            call.tensor(a).tensor(b).target(out).number(count).launch(session().filling(count), "multiply", a.shape());
        }
    }

    @Override
    default void swiGlu(Queue queue, Tensor gate, Tensor up, Tensor out) {
        Checks.swiGlu(COMPUTE, gate, up, out);
        long count = out.shape().elements();
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "swiglu", "swiglu_forward")) {
            call.tensor(gate)
                    .tensor(up)
                    .tensor(out)
                    .number(count)
                    .launch(session().filling(count), "swiGlu", out.shape());
        }
    }

    @Override
    default void swiGluBackward(Queue queue, Tensor gate, Tensor up, Tensor dOut, Target dGate, Target dUp) {
        Checks.swiGluBackward(COMPUTE, gate, up, dOut, dGate, dUp);
        long count = gate.shape().elements();
        if (count == 0 || dGate == null && dUp == null) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "swiglu", "swiglu_backward")) {
            call.tensor(gate)
                    .tensor(up)
                    .tensor(dOut)
                    .optional(dGate)
                    .optional(dUp)
                    .number(count)
                    .launch(session().filling(count), "swiGluBackward", gate.shape());
        }
    }

    @Override
    default void dropout(Queue queue, Tensor x, DropoutMask mask, Target y) {
        Checks.dropout(COMPUTE, x, y);
        long count = x.shape().elements();
        if (count == 0) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "dropout", "dropout")) {
            call.tensor(x)
                    .target(y)
                    .number(count)
                    .number(mask.threshold())
                    .number((float) mask.scale())
                    .number(mask.seed())
                    .number(mask.run())
                    .number(mask.operation())
                    .launch(session().filling(count), "dropout", x.shape());
        }
    }
}
