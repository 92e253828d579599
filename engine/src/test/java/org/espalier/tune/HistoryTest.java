package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HistoryTest {

    @Test
    void theFirstOfTheLowestLooksIsTheBest() {
        History history = history(new double[] {3, 3, 3, 3}, 2, 1, 1.5, 1, 4);
        assertEquals(1, history.best().orElseThrow().step());
        assertEquals(3, history.looksSinceBest());
        assertTrue(new History(List.of(), List.of()).best().isEmpty());
    }

    @Test
    void learningByHeartIsTwoRisesWhileTrainingFalls() {
        assertTrue(history(new double[] {3, 2, 1}, 5, 3, 3.1, 3.2).learnsByHeart());
        assertFalse(history(new double[] {3, 2, 2.5}, 5, 3, 3.1, 3.2).learnsByHeart());
        assertFalse(history(new double[] {3, 2, 1}, 5, 3, 2.9, 3.2).learnsByHeart());
        assertFalse(history(new double[] {3, 2, 1}, 5, 3, 3.1, 3.1).learnsByHeart());
        assertFalse(history(new double[] {3}, 5, 6).learnsByHeart());
    }

    /** A look before training and after each update. */
    private static History history(double[] losses, double... heldOut) {
        return new History(
                IntStream.range(0, losses.length)
                        .mapToObj(i -> new Update(i + 1, 10L * (i + 1), losses[i], 1e-3, 1, 1))
                        .toList(),
                IntStream.range(0, heldOut.length)
                        .mapToObj(i -> new Look(i, heldOut[i]))
                        .toList());
    }
}
