package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;

/** {@code σ(z) = 1 / (1 + e^−z)} in float32, for a vector and for a number, with the same bits. */
final class Sigmoid {

    private static final FloatVector ONES = Widest.all(1f);

    private Sigmoid() {}

    static FloatVector of(FloatVector z) {
        return ONES.div(FastExp.exp(z.neg()).add(ONES));
    }

    static float of(float z) {
        return 1f / (FastExp.exp(-z) + 1f);
    }
}
