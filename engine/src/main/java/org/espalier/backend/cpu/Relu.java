package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@code max(x, 0)}, of which what is no number stays none, and its derivative, each for a vector and for a number. */
final class Relu {

    private static final FloatVector ZEROS = Widest.all(0f);
    private static final FloatVector ONES = Widest.all(1f);

    private Relu() {}

    static float value(float x) {
        return x < 0f ? 0f : x;
    }

    static FloatVector value(FloatVector x) {
        return x.blend(ZEROS, x.compare(VectorOperators.LT, ZEROS));
    }

    static float slope(float x) {
        return x > 0f ? 1f : 0f;
    }

    static FloatVector slope(FloatVector x) {
        return ZEROS.blend(ONES, x.compare(VectorOperators.GT, ZEROS));
    }
}
