package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;

/** The products of a linear layer. Activations and gradients are float32. */
interface LinearProducts extends AutoCloseable {

    /** {@code y [tokens, out] = x [tokens, in] wᵀ}, plus {@code bias [out]} if it is not null. */
    void forward(MemorySegment x, Weight w, MemorySegment bias, MemorySegment y, int tokens);

    /** {@code dX [tokens, in] = beta dX + dY [tokens, out] w}. */
    void backwardInput(MemorySegment dY, Weight w, MemorySegment dX, float beta, int tokens);

    /** {@code dW [out, in] = beta dW + dYᵀ [out, tokens] x [tokens, in]}. */
    void backwardWeight(MemorySegment x, MemorySegment dY, MemorySegment dW, float beta, int tokens, int in, int out);

    /** Gives back what is kept from call to call. */
    @Override
    default void close() {}
}
