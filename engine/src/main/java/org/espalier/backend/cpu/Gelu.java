package org.espalier.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code x Φ(x)} and its derivative {@code Φ(x) + x e^(−x²/2) / √(2π)} in float32, each for a vector and for a number, with
 * the same bits. The tail is {@code Φ(−|x|) = e^(−x²/2) t p(t)} with {@code t = 1 / (1 + 0.3075 |x|)} and a minimax
 * {@code p} of degree 7 (relative error of the exact polynomial 1.3e-7 up to {@code |x| = 15}, where the tail vanishes in
 * float32; 2.7e-7 as computed, without the exponential's), computed by a Remez exchange. The vector's step is about as long as
 * the compiler inlines whole.
 */
final class Gelu {

    private static final float SHRINK = 0.3075f;
    /** {@code 1 / √(2π)}. */
    private static final float PEAK = 0.3989423f;

    private static final float P0 = 0.12264942f;
    private static final float P1 = 0.12324756f;
    private static final float P2 = 0.1056897f;
    private static final float P3 = 0.1153132f;
    private static final float P4 = -0.026057255f;
    private static final float P5 = 0.1701997f;
    private static final float P6 = -0.14734307f;
    private static final float P7 = 0.03630083f;

    private static final FloatVector ZEROS = Widest.all(0f);
    private static final FloatVector ONES = Widest.all(1f);
    private static final FloatVector MINUS_HALVES = Widest.all(-0.5f);
    private static final FloatVector SHRINKS = Widest.all(SHRINK);
    private static final FloatVector PEAKS = Widest.all(PEAK);
    private static final FloatVector P0S = Widest.all(P0);
    private static final FloatVector P1S = Widest.all(P1);
    private static final FloatVector P2S = Widest.all(P2);
    private static final FloatVector P3S = Widest.all(P3);
    private static final FloatVector P4S = Widest.all(P4);
    private static final FloatVector P5S = Widest.all(P5);
    private static final FloatVector P6S = Widest.all(P6);
    private static final FloatVector P7S = Widest.all(P7);

    private Gelu() {}

    static float value(float x) {
        return x * cumulative(x, bell(x));
    }

    static FloatVector value(FloatVector x) {
        return x.mul(cumulative(x, bell(x)));
    }

    static float slope(float x) {
        float bell = bell(x);
        return Math.fma(x, bell * PEAK, cumulative(x, bell));
    }

    static FloatVector slope(FloatVector x) {
        FloatVector bell = bell(x);
        return x.fma(bell.mul(PEAKS), cumulative(x, bell));
    }

    /** {@code e^(−x²/2)}. */
    private static float bell(float x) {
        return FastExp.ofNegative(-0.5f * x * x);
    }

    private static FloatVector bell(FloatVector x) {
        return FastExp.ofNegative(MINUS_HALVES.mul(x).mul(x));
    }

    /** {@code Φ(x)}, where {@code bell} is known. */
    private static float cumulative(float x, float bell) {
        float t = 1f / Math.fma(Math.abs(x), SHRINK, 1f);
        float p = Math.fma(Math.fma(Math.fma(P7, t, P6), t, P5), t, P4);
        p = Math.fma(Math.fma(Math.fma(Math.fma(p, t, P3), t, P2), t, P1), t, P0);
        float tail = bell * (p * t);
        return x < 0f ? tail : 1f - tail;
    }

    private static FloatVector cumulative(FloatVector x, FloatVector bell) {
        FloatVector t = ONES.div(x.abs().fma(SHRINKS, ONES));
        FloatVector p = P7S.fma(t, P6S).fma(t, P5S).fma(t, P4S);
        p = p.fma(t, P3S).fma(t, P2S).fma(t, P1S).fma(t, P0S);
        FloatVector tail = bell.mul(p.mul(t));
        return ONES.sub(tail).blend(tail, x.compare(VectorOperators.LT, ZEROS));
    }
}
