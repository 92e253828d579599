package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Operations on equal shapes, number by number. */
public interface ElementwiseOps {

    /** {@code out = a + scale · b}. {@code out} may be {@code a} or {@code b}. */
    void add(Queue queue, Tensor a, Tensor b, double scale, Tensor out);

    /** {@code target = beta · target + scale · source}. */
    void accumulate(Queue queue, Tensor source, double scale, Target target);

    /**
     * {@code out = beta · out + a · b}, which is its own derivative for either factor. {@code out} may be {@code a} or
     * {@code b}.
     */
    void multiply(Queue queue, Tensor a, Tensor b, Target out);

    /** {@code out = silu(gate) · up}, {@code silu(z) = z / (1 + e^−z)} (Shazeer 2020). */
    void swiGlu(Queue queue, Tensor gate, Tensor up, Tensor out);

    /** The derivative of {@link #swiGlu}; a target is null if nobody wants it. */
    void swiGluBackward(Queue queue, Tensor gate, Tensor up, Tensor dOut, Target dGate, Target dUp);

    /** {@code y = beta · y + mask.scale() · x} for the numbers that the mask keeps, else {@code beta · y}. */
    void dropout(Queue queue, Tensor x, DropoutMask mask, Target y);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /** All three must be of one shape, in the compute type. */
        public static void add(DType compute, Tensor a, Tensor b, Tensor out) {
            Operands o = Operands.of("add", "a", a, "b", b, "out", out).present(a);
            o.like(a, compute, a.shape()).like(b, compute, a.shape()).like(out, compute, a.shape());
        }

        /** {@code source} and {@code target} must be of one shape, in the compute type. */
        public static void accumulate(DType compute, Tensor source, Target target) {
            Operands o = Operands.of("accumulate", "source", source, "target", target)
                    .present(source);
            o.like(source, compute, source.shape()).like(target, compute, source.shape());
        }

        /** All three must be of one shape, in the compute type. */
        public static void multiply(DType compute, Tensor a, Tensor b, Target out) {
            Operands o = Operands.of("multiply", "a", a, "b", b, "out", out).present(a);
            o.like(a, compute, a.shape()).like(b, compute, a.shape()).like(out, compute, a.shape());
        }

        /** All three must be of one shape, in the compute type. */
        public static void swiGlu(DType compute, Tensor gate, Tensor up, Tensor out) {
            Operands o =
                    Operands.of("swiGlu", "gate", gate, "up", up, "out", out).present(gate);
            o.like(gate, compute, gate.shape()).like(up, compute, gate.shape()).like(out, compute, gate.shape());
        }

        /** All that are there must be of one shape, in the compute type; {@code dGate} and {@code dUp} may be null. */
        public static void swiGluBackward(
                DType compute, Tensor gate, Tensor up, Tensor dOut, Target dGate, Target dUp) {
            Operands o = Operands.of("swiGluBackward", "gate", gate, "up", up, "dOut", dOut, "dGate", dGate, "dUp", dUp)
                    .present(gate);
            long[] dims = gate.shape().toArray();
            o.is(gate, compute, dims)
                    .is(up, compute, dims)
                    .is(dOut, compute, dims)
                    .isOrNull(dGate, compute, dims)
                    .isOrNull(dUp, compute, dims);
        }

        /** {@code x} and {@code y} must be of one shape, in the compute type. */
        public static void dropout(DType compute, Tensor x, Target y) {
            Operands o = Operands.of("dropout", "x", x, "y", y).require(x != null, "an operand is missing");
            o.like(x, compute, x.shape()).like(y, compute, x.shape());
        }
    }
}
