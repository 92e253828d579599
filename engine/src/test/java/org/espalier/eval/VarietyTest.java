package org.espalier.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VarietyTest {

    @Test
    void nGramsAreCountedWithinTexts() {
        Variety variety = Variety.of(List.of(new int[] {1, 2, 1, 2, 1, 2}, new int[] {1, 2, 3}, new int[] {}));
        assertEquals(3.0 / 9, variety.distinct1());
        assertEquals(3.0 / 7, variety.distinct2(), "12, 21, 23");
        assertEquals(3.0 / 5, variety.distinct3(), "121, 212, 123");
        // 1212, 2121, 1212; the second text has none.
        assertEquals(1 - 2.0 / 3, variety.repetition(), 1e-15);
        assertEquals(0, variety.loops(), "six tokens are too few to be sure");
    }

    @Test
    void ofNothingThereIsNothing() {
        assertEquals(new Variety(0, 0, 0, 0, 0), Variety.of(List.of(new int[] {}, new int[] {})));
    }

    /** A block of so many tokens, so many of whose tokens come at the end of other ones, and what follows. */
    @ParameterizedTest
    @CsvSource({
        "1, 8, false, 1",
        "1, 7, false, 0",
        "2, 8, false, 1",
        "5, 15, false, 1",
        "5, 14, false, 0",
        "16, 48, false, 1",
        "16, 47, false, 0",
        "17, 51, false, 0",
        "1, 20, true, 0"
    })
    void loopsEndATextInEqualBlocks(int block, int length, boolean followed, double expected) {
        IntStream loop = IntStream.concat(
                IntStream.range(100, 110), IntStream.range(0, length).map(i -> i % block));
        int[] ids = IntStream.concat(loop, followed ? IntStream.of(99) : IntStream.empty())
                .toArray();
        assertEquals(expected, Variety.of(List.of(ids)).loops());
    }
}
