package org.espalier.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class FastExpTest {

    /** Walks all floats in steps of this many bit patterns. */
    private static final int STRIDE = 997;

    @Test
    void staysWithinTwoUnitsOfTheLastPlaceWhereverTheResultIsNormal() {
        double worst = 0;
        for (float x : sweep()) {
            double exact = StrictMath.exp(x);
            if (exact >= Float.MIN_NORMAL && exact <= Float.MAX_VALUE) {
                worst = Math.max(worst, Math.abs(FastExp.exp(x) - exact) / Math.ulp((float) exact));
            }
        }
        assertTrue(worst < 2, "worst error in units of the last place: " + worst);
    }

    @Test
    void fadesThroughSubnormalNumbers() {
        for (float x = -104f; x < -87f; x += 0.0037f) {
            assertEquals(StrictMath.exp(x), FastExp.exp(x), 2 * (double) Float.MIN_VALUE, "e^" + x);
        }
    }

    @Test
    void knowsTheEnds() {
        assertEquals(1f, FastExp.exp(0f));
        assertEquals(1f, FastExp.exp(-0f));
        assertEquals(0f, FastExp.exp(Float.NEGATIVE_INFINITY));
        assertEquals(0f, FastExp.exp(-1e30f));
        assertEquals(0f, FastExp.exp(-104.5f));
        assertEquals(Float.POSITIVE_INFINITY, FastExp.exp(Float.POSITIVE_INFINITY));
        assertEquals(Float.POSITIVE_INFINITY, FastExp.exp(88.8f));
        assertTrue(FastExp.exp(88.7f) < Float.POSITIVE_INFINITY);
        assertTrue(Float.isNaN(FastExp.exp(Float.NaN)));
    }

    @Test
    void givesAVectorTheBitsOfANumber() {
        float[] all = sweep();
        float[] lanes = new float[Widest.WIDTH];
        for (int i = 0; i + Widest.WIDTH <= all.length; i += Widest.WIDTH) {
            FastExp.exp(FloatVector.fromArray(Widest.FLOATS, all, i)).intoArray(lanes, 0);
            for (int j = 0; j < Widest.WIDTH; j++) {
                assertEquals(
                        Float.floatToIntBits(FastExp.exp(all[i + j])),
                        Float.floatToIntBits(lanes[j]),
                        "e^" + all[i + j]);
            }
        }
    }

    private static float[] sweep() {
        int count = (int) ((1L << 32) / STRIDE);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = Float.intBitsToFloat(i * STRIDE);
        }
        return numbers;
    }
}
