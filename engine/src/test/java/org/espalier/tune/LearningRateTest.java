package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LearningRateTest {

    private static final double ROUNDING = 1e-15;

    @Test
    void linearRisesToThePeakAndFallsTowardsNothing() {
        LearningRate rate = LearningRate.linear(0.4, 2, 6);
        double[] expected = {0.2, 0.4, 0.4, 0.3, 0.2, 0.1};
        for (int step = 0; step < expected.length; step++) {
            assertEquals(expected[step], rate.at(step), ROUNDING, "step " + step);
        }
    }

    @Test
    void linearWithoutWarmUpStartsAtThePeak() {
        LearningRate rate = LearningRate.linear(0.4, 0, 4);
        assertEquals(0.4, rate.at(0), ROUNDING);
        assertEquals(0.1, rate.at(3), ROUNDING);
    }

    /** A recipe's warm-up may be longer than a small training. */
    @Test
    void linearNeverStopsEarly() {
        LearningRate rate = LearningRate.linear(0.4, 100, 3);
        assertTrue(IntStream.range(0, 3).allMatch(step -> rate.at(step) > 0));
    }

    @Test
    void cosineEndsAtTheFloor() {
        LearningRate rate = LearningRate.cosine(1, 0.1, 4, 12);
        assertEquals(0.25, rate.at(0), ROUNDING);
        assertEquals(1, rate.at(4), ROUNDING);
        assertEquals(0.55, rate.at(8), ROUNDING);
        assertEquals(0.1, rate.at(12), ROUNDING);
    }
}
