package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FreeRowsTest {

    private record Claim(int first, int count) {}

    /** Against a plain array of who has which row. */
    @Test
    void noRowIsGivenTwiceAndNoneIsLost() {
        Random random = new Random(5);
        FreeRows space = new FreeRows(50);
        boolean[] used = new boolean[50];
        List<Claim> claims = new ArrayList<>();
        for (int round = 0; round < 5000; round++) {
            if (random.nextBoolean() || claims.isEmpty()) {
                int count = 1 + random.nextInt(12);
                OptionalInt first = space.take(count);
                assertEquals(firstFit(used, count), first);
                first.ifPresent(row -> {
                    claims.add(new Claim(row, count));
                    Arrays.fill(used, row, row + count, true);
                });
            } else {
                Claim claim = claims.remove(random.nextInt(claims.size()));
                Arrays.fill(used, claim.first, claim.first + claim.count, false);
                space.giveBack(claim.first, claim.count);
            }
        }
        claims.forEach(claim -> space.giveBack(claim.first, claim.count));
        assertFalse(space.take(50).isEmpty());
    }

    private static OptionalInt firstFit(boolean[] used, int count) {
        for (int first = 0; first + count <= used.length; first++) {
            boolean free = true;
            for (int row = first; row < first + count; row++) {
                free &= !used[row];
            }
            if (free) {
                return OptionalInt.of(first);
            }
        }
        return OptionalInt.empty();
    }
}
