package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FiguresTest {

    @Test
    void numbersAreAsPeopleReadThem() {
        assertEquals("134,515,008", Figures.count(134_515_008));
        assertEquals("134.5 M", Figures.compact(134_515_008));
        assertEquals("6.738 G", Figures.compact(6_738_415_616.0));
        assertEquals("0", Figures.compact(0));
        assertEquals("999", Figures.compact(999));
        assertEquals("1.000 M", Figures.compact(999_999));
        assertEquals("512 B", Figures.bytes(512));
        assertEquals("269.0 MB", Figures.bytes(269_030_016));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.0, 1, 10, 99, 100, 999, 1000, 12_345, 1e15, 0.5, 1.5, 33.3333, 99.995, -1, -1000})
    void countsAndPlacesAreThoseOfAFormatter(double number) {
        assertEquals(String.format(Locale.ROOT, "%,.0f", number), Figures.count(number));
        assertEquals(String.format(Locale.ROOT, "%.2f", number).replaceFirst("\\.?0+$", ""), Plot.number(number));
    }

    @Test
    void significantDigitsAreFour() {
        assertEquals("53.91", Figures.significant(53.9123));
        assertEquals("9.995", Figures.significant(9.9949));
        assertEquals("10.00", Figures.significant(9.9951));
        assertEquals("100.0", Figures.significant(99.96));
        assertEquals("1,501", Figures.significant(1500.7));
        assertEquals("1.23e+07", Figures.significant(12_300_000));
        assertEquals("1.00e−05", Figures.significant(0.00001));
        assertEquals("0.000", Figures.significant(0));
        assertEquals("−2.500", Figures.significant(-2.5));
    }

    @Test
    void changesHaveSigns() {
        assertEquals("−20.0 %", Figures.change(0.8));
        assertEquals("+3.1 %", Figures.change(1.031));
        assertEquals("1.25 ×", Figures.times(1.25));
        assertEquals("12.35 ×", Figures.times(12.35));
        assertEquals("+1.268", Figures.difference(1.268));
        assertEquals("−0.500", Figures.difference(-0.5));
    }

    @Test
    void timesAreShort() {
        assertEquals("8.4 s", Figures.seconds(8.43));
        assertEquals("12 min 5 s", Figures.seconds(725.2));
        assertEquals("1 min 0 s", Figures.seconds(59.96));
        assertEquals("2 h 3 min", Figures.seconds(7380));
    }
}
