package org.espalier.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Between and beyond what was measured. */
class WidthCurveTest {

    private static final double[] SCORES = {0, 1, 3, 6, 10, 15, 21};

    private static WidthCurve curve(Map<Integer, Double> measured) {
        return new WidthCurve(SCORES, new TreeMap<>(measured));
    }

    @Test
    void whatWasMeasuredIsKept() {
        WidthCurve curve = curve(Map.of(2, 0.1, 4, 0.7));
        assertEquals(0, curve.at(0));
        assertEquals(0.1, curve.at(2));
        assertEquals(0.7, curve.at(4));
    }

    /** The power that goes through 0.02 · share^1.5 is 1.5, between, below and above. */
    @Test
    void aPowerOfWhatTheScoresSayIsFoundAgain() {
        Map<Integer, Double> measured = Map.of(2, power(2), 4, power(4));
        for (int removed = 1; removed <= 6; removed++) {
            assertEquals(power(removed), curve(measured).at(removed), 1e-7, "removed " + removed);
        }
    }

    private static double power(int removed) {
        return 0.02 * Math.pow(SCORES[removed], 1.5);
    }

    @Test
    void ofOneWidthEverythingFollows() {
        WidthCurve curve = curve(Map.of(3, 0.6));
        assertEquals(0.1, curve.at(1), 1e-6);
        assertEquals(2.1, curve.at(6), 1e-6);
    }

    /** Whatever is measured, and whatever scores are: noise, nothing at all, scores that are all 0. */
    @Test
    void narrowerIsNeverBetter() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            double[] scores = new double[9];
            for (int i = 1; i < scores.length; i++) {
                scores[i] = scores[i - 1] + (seed % 5 == 0 || random.nextInt(3) == 0 ? 0 : random.nextDouble());
            }
            TreeMap<Integer, Double> measured = new TreeMap<>();
            for (int i = 0; i <= random.nextInt(3); i++) {
                measured.put(1 + random.nextInt(7), random.nextInt(4) == 0 ? 0 : random.nextDouble());
            }
            WidthCurve curve = new WidthCurve(scores, measured);
            for (int removed = 1; removed < scores.length; removed++) {
                double now = curve.at(removed);
                assertTrue(Double.isFinite(now), "seed " + seed + ", " + removed + ": " + now);
                assertTrue(now >= curve.at(removed - 1), "seed " + seed + ", " + removed);
            }
        }
    }
}
