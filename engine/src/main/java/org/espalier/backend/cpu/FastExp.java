package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code e^x} in float32, once for a vector and once for a number, with the same bits: both do the same chain of exactly
 * rounded steps. {@code x = n ln 2 + r} with {@code |r| ≤ ln 2 / 2}, and {@code e^r = 1 + r + r² q(r)} with a minimax
 * {@code q} of degree 4 (relative error of the exact polynomial 3.1e-9), computed by a Remez exchange.
 *
 * <p>Vectors are {@link Widest}. The constants that they meet are kept as vectors: from them the compiler knows the shape
 * of every step whatever shapes other code has used, and it has less to inline.
 */
final class FastExp {

    private static final int EXPONENT_BIAS = 127;
    private static final int MANTISSA_BITS = 23;

    private static final float LOG2_E = 1.442695f;
    /**
     * 1.5 · 2^23 rounds a small float that is added to it to an integer, in the low bits; here they also hold the biases of
     * the two exponents that {@code n} is shared among. The upper bits are shifted out.
     */
    private static final float ROUNDER = 12582912f + 2 * EXPONENT_BIAS;
    /** The same with one bias. */
    private static final float SINGLE_ROUNDER = 12582912f + EXPONENT_BIAS;
    /** −ln 2 in two parts, the first short enough that {@code n} times it is exact. */
    private static final float LN2_HIGH = -0.6933594f;

    private static final float LN2_LOW = 2.12194440e-4f;
    /** Beyond these the result is infinite, or 0. */
    private static final float LARGEST = 89f;

    private static final float SMALLEST = -104f;
    /** Where results are about to need the exponents of subnormal numbers. */
    private static final float NORMAL = -87f;

    private static final float Q0 = 0.49999994f;
    private static final float Q1 = 0.16666521f;
    private static final float Q2 = 0.04166839f;
    private static final float Q3 = 0.008368745f;
    private static final float Q4 = 0.001381454f;

    private static final FloatVector ONES = Widest.all(1f);
    private static final FloatVector LOGS = Widest.all(LOG2_E);
    private static final FloatVector ROUNDERS = Widest.all(ROUNDER);
    private static final FloatVector SINGLE_ROUNDERS = Widest.all(SINGLE_ROUNDER);
    private static final FloatVector HIGHS = Widest.all(LN2_HIGH);
    private static final FloatVector LOWS = Widest.all(LN2_LOW);
    private static final FloatVector LARGESTS = Widest.all(LARGEST);
    private static final FloatVector SMALLESTS = Widest.all(SMALLEST);
    private static final FloatVector NORMALS = Widest.all(NORMAL);
    private static final FloatVector Q0S = Widest.all(Q0);
    private static final FloatVector Q1S = Widest.all(Q1);
    private static final FloatVector Q2S = Widest.all(Q2);
    private static final FloatVector Q3S = Widest.all(Q3);
    private static final FloatVector Q4S = Widest.all(Q4);

    private FastExp() {}

    static float exp(float x) {
        float z = Math.min(Math.max(x, SMALLEST), LARGEST);
        float shifted = Math.fma(z, LOG2_E, ROUNDER);
        float p = reduced(z, shifted - ROUNDER);
        int bits = Float.floatToRawIntBits(shifted);
        int half = bits >>> 1;
        return p * powerOfTwo(half) * powerOfTwo(bits - half);
    }

    /**
     * As {@link #exp(float)} of what is not positive, in fewer steps: what is below 1.6e-38 comes out as that. No number
     * stays none.
     */
    static float ofNegative(float x) {
        float z = Math.max(x, NORMAL);
        float shifted = Math.fma(z, LOG2_E, SINGLE_ROUNDER);
        return reduced(z, shifted - SINGLE_ROUNDER) * powerOfTwo(Float.floatToRawIntBits(shifted));
    }

    /** {@code e^(z − n ln 2)}. */
    private static float reduced(float z, float n) {
        float r = Math.fma(n, LN2_LOW, Math.fma(n, LN2_HIGH, z));
        float q = Math.fma(Math.fma(Math.fma(Math.fma(Q4, r, Q3), r, Q2), r, Q1), r, Q0);
        return Math.fma(q, r * r, r) + 1f;
    }

    /** In two factors, because {@code 2^n} alone may be out of range where the product is not. */
    private static float powerOfTwo(int biased) {
        return Float.intBitsToFloat(biased << MANTISSA_BITS);
    }

    /** Blends where the scalar takes the smaller or larger: Java's cost several instructions for zeros and NaN each. */
    static FloatVector exp(FloatVector x) {
        FloatVector z = x.blend(SMALLESTS, x.compare(VectorOperators.LT, SMALLESTS));
        z = z.blend(LARGESTS, z.compare(VectorOperators.GT, LARGESTS));
        FloatVector shifted = z.fma(LOGS, ROUNDERS);
        FloatVector p = reduced(z, shifted.sub(ROUNDERS));
        IntVector bits = shifted.reinterpretAsInts();
        IntVector half = bits.lanewise(VectorOperators.LSHR, 1);
        return p.mul(powerOfTwo(half)).mul(powerOfTwo(bits.sub(half)));
    }

    static FloatVector ofNegative(FloatVector x) {
        FloatVector z = x.blend(NORMALS, x.compare(VectorOperators.LT, NORMALS));
        FloatVector shifted = z.fma(LOGS, SINGLE_ROUNDERS);
        return reduced(z, shifted.sub(SINGLE_ROUNDERS)).mul(powerOfTwo(shifted.reinterpretAsInts()));
    }

    private static FloatVector reduced(FloatVector z, FloatVector n) {
        FloatVector r = n.fma(LOWS, n.fma(HIGHS, z));
        FloatVector q = Q4S.fma(r, Q3S).fma(r, Q2S).fma(r, Q1S).fma(r, Q0S);
        return q.fma(r.mul(r), r).add(ONES);
    }

    private static FloatVector powerOfTwo(IntVector biased) {
        return biased.lanewise(VectorOperators.LSHL, MANTISSA_BITS).reinterpretAsFloats();
    }
}
