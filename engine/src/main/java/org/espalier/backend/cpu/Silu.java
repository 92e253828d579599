package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * {@code z σ(z)} and its derivative {@code σ(z) (1 + z (1 − σ(z)))} in float32, each for a vector and for a number, with the
 * same bits.
 */
final class Silu {

    private static final FloatVector ONES = Widest.all(1f);

    private Silu() {}

    static float value(float z) {
        return z * Sigmoid.of(z);
    }

    static FloatVector value(FloatVector z) {
        return z.mul(Sigmoid.of(z));
    }

    static float slope(float z) {
        float s = Sigmoid.of(z);
        return s * Math.fma(z, 1f - s, 1f);
    }

    static FloatVector slope(FloatVector z) {
        FloatVector s = Sigmoid.of(z);
        return s.mul(z.fma(ONES.sub(s), ONES));
    }
}
