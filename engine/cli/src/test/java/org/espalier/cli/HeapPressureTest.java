package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeapPressureTest {

    /** Looks a second apart at a heap of 100 bytes. */
    @ParameterizedTest
    @CsvSource({
        // what stays in use, milliseconds of collecting a second, looks until it is too small (0: never)
        "90, 500, 6",
        "80, 300, 6",
        "79, 900, 0",
        "100, 290, 0",
        "100, 1000, 6",
        "10, 990, 0",
    })
    void aHeapIsTooSmallWhereItStaysFullAndIsCollectedMuch(long live, long collecting, int expected) {
        HeapPressure pressure = new HeapPressure();
        int found = IntStream.range(0, 50)
                .filter(i -> pressure.tooHigh(new HeapPressure.Look(1000L * i, collecting * i, live, 100)))
                .map(i -> i + 1)
                .findFirst()
                .orElse(0);
        assertEquals(expected, found);
    }

    @Test
    void oneLookAtARoomyHeapBeginsTheCountAnew() {
        HeapPressure pressure = new HeapPressure();
        int[] live = {90, 90, 90, 50, 90, 90, 90, 90, 90, 90};
        int found = IntStream.range(0, live.length)
                .filter(i -> pressure.tooHigh(new HeapPressure.Look(1000L * i, 900L * i, live[i], 100)))
                .findFirst()
                .orElse(-1);
        assertEquals(9, found);
    }
}
