package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code tanh(x)} and its derivative in float32, for a vector and for a number, with the same bits: {@code 1 − 2 / (e^2|x| + 1)}
 * with the sign of x, and near 0, where that is a difference of like numbers, {@code x + x³ p(x²)} (Cephes' {@code tanhf}).
 */
final class Tanh {

    private static final float NEAR = 0.625f;
    private static final float P0 = -0.3333328f;
    private static final float P1 = 0.13331442f;
    private static final float P2 = -0.053739715f;
    private static final float P3 = 0.020639088f;
    private static final float P4 = -0.0057049887f;

    private static final FloatVector ONES = Widest.all(1f);
    private static final FloatVector TWOS = Widest.all(2f);
    private static final FloatVector FOURS = Widest.all(4f);
    private static final FloatVector NEARS = Widest.all(NEAR);
    private static final FloatVector P0S = Widest.all(P0);
    private static final FloatVector P1S = Widest.all(P1);
    private static final FloatVector P2S = Widest.all(P2);
    private static final FloatVector P3S = Widest.all(P3);
    private static final FloatVector P4S = Widest.all(P4);

    private Tanh() {}

    static float value(float x) {
        float size = Math.abs(x);
        if (size < NEAR) {
            float z = x * x;
            float p = Math.fma(Math.fma(Math.fma(Math.fma(P4, z, P3), z, P2), z, P1), z, P0);
            return Math.fma(x * z, p, x);
        }
        float far = 1f - 2f / (FastExp.exp(2f * size) + 1f);
        return x < 0 ? -far : far;
    }

    static FloatVector value(FloatVector x) {
        FloatVector z = x.mul(x);
        FloatVector p = P4S.fma(z, P3S).fma(z, P2S).fma(z, P1S).fma(z, P0S);
        FloatVector near = x.mul(z).fma(p, x);
        FloatVector size = x.abs();
        FloatVector far = ONES.sub(TWOS.div(FastExp.exp(size.mul(TWOS)).add(ONES)));
        FloatVector signed = far.blend(far.neg(), x.compare(VectorOperators.LT, 0f));
        return signed.blend(near, size.compare(VectorOperators.LT, NEARS));
    }

    /** {@code 4 e / (1 + e)²} with {@code e = e^−2|x|}, where no like numbers are subtracted. */
    static float slope(float x) {
        float e = FastExp.exp(-2f * Math.abs(x));
        float sum = 1f + e;
        return 4f * e / (sum * sum);
    }

    static FloatVector slope(FloatVector x) {
        FloatVector e = FastExp.exp(x.abs().mul(-2f));
        FloatVector sum = e.add(ONES);
        return e.mul(FOURS).div(sum.mul(sum));
    }
}
