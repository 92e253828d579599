package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;

/**
 * {@code x (1 + tanh(u)) / 2 = x σ(2u)} with {@code u = √(2/π) (x + 0.044715 x³)}, and its derivative
 * {@code σ(2u) + 2 u′ x σ(2u) (1 − σ(2u))}, in float32, each for a vector and for a number, with the same bits.
 */
final class GeluTanh {

    /** {@code 2 √(2/π)}. */
    private static final float LINEAR = 1.5957692f;
    /** 0.044715 times that. */
    private static final float CUBIC = 0.071354814f;

    private static final FloatVector ONES = Widest.all(1f);
    private static final FloatVector LINEARS = Widest.all(LINEAR);
    private static final FloatVector CUBICS = Widest.all(CUBIC);
    private static final FloatVector CUBIC_SLOPES = Widest.all(3f * CUBIC);

    private GeluTanh() {}

    static float value(float x) {
        return x * gate(x);
    }

    static FloatVector value(FloatVector x) {
        return x.mul(gate(x));
    }

    static float slope(float x) {
        float gate = gate(x);
        float argumentSlope = Math.fma(x * x, 3f * CUBIC, LINEAR);
        return Math.fma(x * argumentSlope, gate * (1f - gate), gate);
    }

    static FloatVector slope(FloatVector x) {
        FloatVector gate = gate(x);
        FloatVector argumentSlope = x.mul(x).fma(CUBIC_SLOPES, LINEARS);
        return x.mul(argumentSlope).fma(gate.mul(ONES.sub(gate)), gate);
    }

    /** {@code σ(2u)}. */
    private static float gate(float x) {
        return Sigmoid.of(x * Math.fma(x * x, CUBIC, LINEAR));
    }

    private static FloatVector gate(FloatVector x) {
        return Sigmoid.of(x.mul(x.mul(x).fma(CUBICS, LINEARS)));
    }
}
