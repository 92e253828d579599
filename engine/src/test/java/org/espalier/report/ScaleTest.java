package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ScaleTest {

    private static List<String> texts(Scale scale) {
        return scale.ticks().stream().map(scale::text).toList();
    }

    @Test
    void ticksAreRound() {
        assertEquals(List.of("2.6", "2.8", "3.0", "3.2", "3.4"), texts(Scale.linear(2.55, 3.41, 6)));
        assertEquals(List.of("0", "25", "50", "75", "100", "125"), texts(Scale.linear(0, 125, 6)));
        assertEquals(List.of("−2", "0", "2", "4"), texts(Scale.linear(-3, 5, 5)));
        assertEquals(List.of("0", "2,000", "4,000"), texts(Scale.linear(0, 5000, 3)));
        assertEquals(List.of("0", "1", "2"), texts(Scale.counts(0, 2, 6)));
    }

    @Test
    void oneNumberHasRoomAround() {
        Scale scale = Scale.linear(3, 3, 6);
        assertTrue(scale.low() < 3 && scale.high() > 3 && !scale.ticks().isEmpty());
        assertEquals(0.5, scale.at(3), 1e-12);
    }

    @Test
    void wideSpreadsAreLogarithmic() {
        Scale scale = Scale.spread(3e-4, 0, 20);
        assertTrue(scale.logarithmic());
        assertEquals(List.of("10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹", "10²"), texts(scale));
        assertEquals(0, scale.at(0));
        assertEquals(0.5, scale.at(0.1), 1e-12);
        assertEquals(1, scale.at(100), 1e-12);
        assertEquals(8, Scale.spread(1e-30, 1e30).ticks().size(), 1);
    }

    @Test
    void narrowAndNegativeOnesStartWhereTheyMust() {
        assertFalse(Scale.spread(1, 20).logarithmic());
        assertEquals(0, Scale.spread(1, 20).low());
        assertEquals(-3, Scale.spread(-3, 1e6).low());
        assertEquals(0.5, Scale.spread(0, 0).at(0), 1e-12);
    }

    /** Files may hold any numbers: neighbours far from zero, next to nothing, more than a double's range apart. */
    @Test
    void numbersAtTheEndsOfTheirRangeHaveAFewTicksOrNone() {
        assertTrue(Scale.linear(1e16, 1e16 + 2, 6).ticks().size() <= 7);
        assertEquals(List.of(), Scale.linear(0, Double.MIN_VALUE, 5).ticks());
        assertEquals(List.of(), Scale.linear(-1.5e308, 1.5e308, 5).ticks());
        assertTrue(Scale.padded(-1.5e308, 1.5e308).ticks().isEmpty());
    }
}
