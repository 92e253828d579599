package org.espalier.backend;

import org.espalier.tensor.Tensor;

/** Operations on equal shapes, number by number. */
public interface ElementwiseOps {

    /** {@code out = a + scale · b}. {@code out} may be {@code a} or {@code b}. */
    void add(Queue queue, Tensor a, Tensor b, float scale, Tensor out);

    /** {@code target = beta · target + scale · source}. */
    void accumulate(Queue queue, Tensor source, float scale, Target target);

    /** {@code out = silu(gate) · up}, {@code silu(z) = z / (1 + e^−z)} (Shazeer 2020). */
    void swiGlu(Queue queue, Tensor gate, Tensor up, Tensor out);

    /** The derivative of {@link #swiGlu}; a target is null if nobody wants it. */
    void swiGluBackward(Queue queue, Tensor gate, Tensor up, Tensor dOut, Target dGate, Target dUp);

    /** {@code y = beta · y + mask.scale() · x} for the numbers that the mask keeps, else {@code beta · y}. */
    void dropout(Queue queue, Tensor x, DropoutMask mask, Target y);
}
