package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Sums that do not depend on who sums. */
class SumTreeTest {

    /** Brackets show what was added to what. */
    private static SumTree<String> tree() {
        return new SumTree<>((a, b) -> a.compareTo(b) < 0 ? "(" + a + "+" + b + ")" : "(" + b + "+" + a + ")");
    }

    @Test
    void neighboursBecomeOne() {
        SumTree<String> tree = tree();
        for (int i = 0; i < 7; i++) {
            tree.add(i, "abcdefg".substring(i, i + 1));
        }
        assertEquals(3, tree.nodes().size());
        assertEquals("(((a+b)+(c+d))+((e+f)+g))", tree.take());
        assertNull(tree.take());
    }

    @Test
    void whatIsMissingIsPassedOver() {
        SumTree<String> tree = tree();
        tree.add(1, "b");
        tree.add(4, "e");
        tree.add(3, null);
        tree.add(6, "g");
        assertEquals("((e+g)+b)", tree.take());
    }

    @Test
    void theSumIsTheSameInAnyOrderAndDividedInAnyWay() {
        Random random = new Random(3);
        for (int n = 1; n <= 40; n++) {
            String whole = null;
            for (int trial = 0; trial < 20; trial++) {
                List<Integer> batches = new ArrayList<>();
                for (int i = 0; i < n; i++) {
                    // The same ones are missing each time.
                    if (i % 7 != 3 || i == n - 1) {
                        batches.add(i);
                    }
                }
                Collections.shuffle(batches, random);
                List<SumTree<String>> workers = List.of(tree(), tree(), tree());
                batches.forEach(i -> workers.get(random.nextInt(3)).add(i, "x%02d".formatted(i)));
                SumTree<String> all = tree();
                workers.forEach(worker -> worker.nodes().forEach(all::add));
                String sum = all.take();
                whole = whole == null ? sum : whole;
                assertEquals(whole, sum);
            }
        }
    }

    @Test
    void noMoreNodesWaitThanSaid() {
        for (int n = 1; n < 70; n++) {
            SumTree<String> tree = tree();
            int most = 0;
            for (int i = 0; i < n; i++) {
                most = Math.max(most, tree.nodes().size() + 1);
                tree.add(i, "x");
            }
            assertTrue(most <= SumTree.most(n), n + " batches");
        }
        assertEquals(1, SumTree.most(1));
        assertEquals(2, SumTree.most(3));
        assertEquals(4, SumTree.most(8));
    }

    @Test
    void aBatchCountsOnce() {
        SumTree<String> tree = tree();
        tree.add(0, "a");
        tree.add(1, "b");
        assertThrows(IllegalArgumentException.class, () -> tree.add(1, "b"));
        tree.add(2, "c");
        assertThrows(IllegalArgumentException.class, () -> tree.add(2, "c"));
        assertThrows(IllegalArgumentException.class, () -> tree.add(new SumTree.Node<>(2, 0, "x")));
    }
}
