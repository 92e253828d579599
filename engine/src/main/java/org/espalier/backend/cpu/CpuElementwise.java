package org.espalier.backend.cpu;

import org.espalier.backend.DropoutMask;
import org.espalier.backend.ElementwiseOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link Elementwise}, {@link SwiGlu} and {@link Dropout} after the checks. */
interface CpuElementwise extends ElementwiseOps, CpuOps {

    @Override
    default void add(Queue queue, Tensor a, Tensor b, double scale, Tensor out) {
        Checks.add(COMPUTE, a, b, out);
        new Elementwise(session().pool())
                .add(
                        Segments.of(a),
                        Segments.of(b),
                        (float) scale,
                        Segments.of(out),
                        out.shape().elements());
    }

    @Override
    default void accumulate(Queue queue, Tensor source, double scale, Target target) {
        Checks.accumulate(COMPUTE, source, target);
        long count = source.shape().elements();
        if (target.accumulates()) {
            new Elementwise(session().pool())
                    .add(Segments.of(target), Segments.of(source), (float) scale, Segments.of(target), count);
        } else {
            new Elementwise(session().pool()).scale(Segments.of(source), (float) scale, Segments.of(target), count);
        }
    }

    @Override
    default void multiply(Queue queue, Tensor a, Tensor b, Target out) {
        Checks.multiply(COMPUTE, a, b, out);
        new Elementwise(session().pool())
                .multiply(
                        Segments.of(a),
                        Segments.of(b),
                        Segments.of(out),
                        out.beta(),
                        a.shape().elements());
    }

    @Override
    default void swiGlu(Queue queue, Tensor gate, Tensor up, Tensor out) {
        Checks.swiGlu(COMPUTE, gate, up, out);
        new SwiGlu(session().pool())
                .forward(
                        Segments.of(gate),
                        Segments.of(up),
                        Segments.of(out),
                        out.shape().elements());
    }

    @Override
    default void swiGluBackward(Queue queue, Tensor gate, Tensor up, Tensor dOut, Target dGate, Target dUp) {
        Checks.swiGluBackward(COMPUTE, gate, up, dOut, dGate, dUp);
        new SwiGlu(session().pool())
                .backward(
                        Segments.of(gate),
                        Segments.of(up),
                        Segments.of(dOut),
                        Segments.orNull(dGate),
                        Segments.betaOrZero(dGate),
                        Segments.orNull(dUp),
                        Segments.betaOrZero(dUp),
                        gate.shape().elements());
    }

    @Override
    default void dropout(Queue queue, Tensor x, DropoutMask mask, Target y) {
        Checks.dropout(COMPUTE, x, y);
        new Dropout(session().pool())
                .run(mask, Segments.of(x), Segments.of(y), y.beta(), x.shape().elements());
    }
}
