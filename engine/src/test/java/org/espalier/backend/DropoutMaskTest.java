package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DropoutMaskTest {

    /** Known answers of Philox4x32-10, as its authors publish them. */
    @Test
    void generatorGivesThePublishedNumbers() {
        assertArrayEquals(new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, Philox.words(0, 0, 0, 0, 0, 0));
        assertArrayEquals(
                new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, Philox.words(-1, -1, -1, -1, -1, -1));
        assertArrayEquals(
                new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
                Philox.words(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0));
    }

    /** Within five standard deviations of a binomial. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.05, 0.5, 0.9})
    void aPartOfTheNumbersIsLeftOut(double rate) {
        DropoutMask mask = new DropoutMask(rate, 42, 3, 1);
        int count = 100_000;
        long left = LongStream.range(0, count).filter(i -> !mask.keeps(i)).count();
        assertEquals(count * rate, (double) left, 5 * Math.sqrt(count * rate * (1 - rate)) + 1);
        assertEquals(1 / (1 - rate), mask.scale(), 1e-3);
    }

    @Test
    void everyPartOfTheKeyCounts() {
        DropoutMask mask = new DropoutMask(0.5, 1, 1, 1);
        for (DropoutMask other : new DropoutMask[] {
            new DropoutMask(0.5, 1L << 32 | 1, 1, 1),
            new DropoutMask(0.5, 2, 1, 1),
            new DropoutMask(0.5, 1, 2, 1),
            new DropoutMask(0.5, 1, 1L << 32 | 1, 1),
            new DropoutMask(0.5, 1, 1, 2)
        }) {
            long same = LongStream.range(0, 1000)
                    .filter(i -> mask.keeps(i) == other.keeps(i))
                    .count();
            assertEquals(500.0, (double) same, 80.0, other.toString());
        }
    }

    @Test
    void ratesThatLeaveNothingAreRefused() {
        for (double rate : new double[] {1, 0.999999, -0.1, Double.NaN}) {
            assertThrows(IllegalArgumentException.class, () -> new DropoutMask(rate, 1, 1, 1));
        }
    }
}
