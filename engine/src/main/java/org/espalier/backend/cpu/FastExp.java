package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code e^x} in float32, once for a vector and once for a number, with the same bits: both do the same chain of exactly
 * rounded steps. {@code x = n ln 2 + r} with {@code |r| ≤ ln 2 / 2}, and {@code e^r = 1 + r + r² q(r)} with a minimax
 * {@code q} of degree 4 (relative error of the exact polynomial 3.1e-9), computed by a Remez exchange.
 */
final class FastExp {

    private static final float LOG2_E = 1.44269504f;
    /** 1.5 · 2^23: adding it rounds a small float to an integer in its low bits. */
    private static final float ROUNDER = 12582912f;
    private static final int ROUNDER_BITS = Float.floatToRawIntBits(ROUNDER);
    /** ln 2 in two parts, the first short enough that {@code n} times it is exact. */
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;
    /** Beyond these the result is infinite, or 0. */
    private static final float LARGEST = 89f;
    private static final float SMALLEST = -104f;

    private static final float Q0 = 0.4999999343212056f;
    private static final float Q1 = 0.16666520399057277f;
    private static final float Q2 = 0.04166839078530287f;
    private static final float Q3 = 0.008368745107597043f;
    private static final float Q4 = 0.0013814540090045545f;

    private static final int EXPONENT_BIAS = 127;
    private static final int MANTISSA_BITS = 23;

    private FastExp() {
    }

    static float exp(float x) {
        float z = Math.min(Math.max(x, SMALLEST), LARGEST);
        float shifted = Math.fma(z, LOG2_E, ROUNDER);
        float whole = shifted - ROUNDER;
        float r = Math.fma(whole, -LN2_LOW, Math.fma(whole, -LN2_HIGH, z));
        float q = Math.fma(Math.fma(Math.fma(Math.fma(Q4, r, Q3), r, Q2), r, Q1), r, Q0);
        float p = Math.fma(q, r * r, r) + 1f;
        int n = Float.floatToRawIntBits(shifted) - ROUNDER_BITS;
        int half = n >> 1;
        return p * powerOfTwo(half) * powerOfTwo(n - half);
    }

    /** In two factors, because {@code 2^n} alone may be out of range where the product is not. */
    private static float powerOfTwo(int n) {
        return Float.intBitsToFloat((n + EXPONENT_BIAS) << MANTISSA_BITS);
    }

    static FloatVector exp(FloatVector x) {
        FloatVector z = x.max(SMALLEST).min(LARGEST);
        FloatVector shifted = z.fma(LOG2_E, ROUNDER);
        FloatVector whole = shifted.sub(ROUNDER);
        FloatVector low = FloatVector.broadcast(Lanes.FLOATS, -LN2_LOW);
        FloatVector r = whole.fma(low, whole.fma(FloatVector.broadcast(Lanes.FLOATS, -LN2_HIGH), z));
        FloatVector q = r.fma(Q4, Q3);
        q = q.fma(r, FloatVector.broadcast(Lanes.FLOATS, Q2));
        q = q.fma(r, FloatVector.broadcast(Lanes.FLOATS, Q1));
        q = q.fma(r, FloatVector.broadcast(Lanes.FLOATS, Q0));
        FloatVector p = q.fma(r.mul(r), r).add(1f);
        IntVector n = shifted.reinterpretAsInts().sub(ROUNDER_BITS);
        IntVector half = n.lanewise(VectorOperators.ASHR, 1);
        return p.mul(powerOfTwo(half)).mul(powerOfTwo(n.sub(half)));
    }

    private static FloatVector powerOfTwo(IntVector n) {
        return n.add(EXPONENT_BIAS).lanewise(VectorOperators.LSHL, MANTISSA_BITS).reinterpretAsFloats();
    }

    /** {@code 1 / (1 + e^−z)}. */
    static FloatVector sigmoid(FloatVector z) {
        return FloatVector.broadcast(Lanes.FLOATS, 1f).div(exp(z.neg()).add(1f));
    }
}
