package org.espalier.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

class OffsetTableTest {

    @Test
    void numbersComeBackHoweverFarApart() {
        Random random = new Random(1);
        for (long most : new long[] {2, 1 << 20, 1L << 23, 1L << 40}) {
            OffsetTable table = new OffsetTable();
            long[] expected = new long[5000];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = (i == 0 ? 0 : expected[i - 1]) + random.nextLong(1, most);
                table.add(expected[i]);
            }
            assertEquals(expected.length, table.size());
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], table.get(i), "of " + most + ", number " + i);
            }
        }
    }
}
