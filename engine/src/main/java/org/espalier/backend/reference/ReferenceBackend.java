package org.espalier.backend.reference;

import org.espalier.backend.Backend;

/**
 * Every operation in scalar float64, slow and plainly right, each written from the formula in its interface: what the
 * other backends are tested against. The families have no state, so each is an interface of default methods. Work is done
 * at once, on the calling thread. New memory is filled with NaN, so that a number read before it was written shows.
 */
public final class ReferenceBackend
        implements Backend,
                ReferenceMemory,
                ReferenceEmbedding,
                ReferenceLinear,
                ReferenceNorm,
                ReferenceLayerNorm,
                ReferenceRotary,
                ReferenceAttention,
                ReferenceElementwise,
                ReferenceActivation,
                ReferenceColumns,
                ReferenceExperts,
                ReferenceLoss,
                ReferenceDistillation,
                ReferenceSample,
                ReferenceOptimizer,
                ReferenceScore,
                ReferenceCompact {

    @Override
    public void close() {
        // Nothing is held: buffers belong to who allocated them.
    }
}
