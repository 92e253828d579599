package org.espalier.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.plan.Ladder.Level;
import org.espalier.plan.WidthChoice.Choice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The cheapest widths are those that trying every one finds. */
class WidthChoiceTest {

    private static List<Ladder> ladders(Random random, boolean whole) {
        List<Ladder> ladders = new ArrayList<>();
        for (int l = 0; l < 1 + random.nextInt(5); l++) {
            List<Level> levels = new ArrayList<>(List.of(new Level(0, 0, selection -> {})));
            double step = whole ? 3 * (1 + random.nextInt(4)) : random.nextDouble();
            for (int i = 0; i < random.nextInt(5); i++) {
                Level before = levels.getLast();
                // Some levels cost no more than the one before.
                double more = random.nextInt(4) == 0 ? 0 : random.nextDouble();
                levels.add(new Level(before.saved() + step, before.cost() + more, selection -> {}));
            }
            ladders.add(new Ladder("ladder " + l, levels));
        }
        return ladders;
    }

    /** Every combination of levels. */
    private static List<Choice> all(List<Ladder> ladders) {
        List<Choice> all = List.of(new Choice(new int[0], 0, 0));
        for (Ladder ladder : ladders) {
            all = all.stream()
                    .flatMap(choice -> IntStream.range(0, ladder.levels().size())
                            .mapToObj(level -> {
                                int[] levels = Arrays.copyOf(choice.levels(), choice.levels().length + 1);
                                levels[levels.length - 1] = level;
                                Level step = ladder.levels().get(level);
                                return new Choice(levels, choice.saved() + step.saved(), choice.cost() + step.cost());
                            }))
                    .toList();
        }
        return all;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingIsCheaper(boolean whole) {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            List<Ladder> ladders = ladders(random, whole);
            List<Choice> all = all(ladders);
            double most = WidthChoice.most(ladders);
            assertEquals(all.stream().mapToDouble(Choice::saved).max().orElseThrow(), most, 1e-12);
            double needed = most * (0.05 + 0.9 * random.nextDouble());
            if (needed == 0) {
                continue;
            }
            Choice found = WidthChoice.cheapest(ladders, needed);
            double cheapest = all.stream()
                    .filter(choice -> choice.saved() >= needed)
                    .mapToDouble(Choice::cost)
                    .min()
                    .orElseThrow();
            double least = all.stream()
                    .filter(choice -> choice.saved() >= needed && choice.cost() <= cheapest + 1e-12)
                    .mapToDouble(Choice::saved)
                    .min()
                    .orElseThrow();
            assertTrue(found.saved() >= needed, "seed " + seed);
            assertEquals(cheapest, found.cost(), 1e-12, "seed " + seed);
            assertEquals(least, found.saved(), 1e-9, "of equals what saves least, seed " + seed);
        }
    }

    @Test
    void theFrontIsWhatNothingBeats() {
        for (int seed = 0; seed < 100; seed++) {
            List<Ladder> ladders = ladders(new Random(seed), true);
            List<Choice> front = WidthChoice.front(ladders);
            for (int i = 1; i < front.size(); i++) {
                assertTrue(front.get(i).saved() > front.get(i - 1).saved());
                assertTrue(front.get(i).cost() > front.get(i - 1).cost());
            }
            for (Choice any : all(ladders)) {
                assertTrue(
                        front.stream()
                                .anyMatch(one -> one.saved() >= any.saved() - 1e-9 && one.cost() <= any.cost() + 1e-12),
                        "seed " + seed);
            }
        }
    }

    /** Where savings are too many to be told apart, what is needed is still saved, and nothing more is taken than that. */
    @Test
    void manySavingsAreStillEnough() {
        Random random = new Random(3);
        List<Ladder> ladders = new ArrayList<>();
        for (int l = 0; l < 12; l++) {
            List<Level> levels = new ArrayList<>(List.of(new Level(0, 0, selection -> {})));
            for (int i = 1; i <= 40; i++) {
                Level before = levels.getLast();
                levels.add(new Level(
                        before.saved() + 1 + random.nextDouble(),
                        before.cost() + i * (0.5 + random.nextDouble()),
                        selection -> {}));
            }
            ladders.add(new Ladder("ladder " + l, levels));
        }
        double needed = 0.37 * WidthChoice.most(ladders);
        Choice found = WidthChoice.cheapest(ladders, needed);
        assertTrue(found.saved() >= needed);
        for (int l = 0; l < ladders.size(); l++) {
            int level = found.levels()[l];
            if (level > 0) {
                Level now = ladders.get(l).levels().get(level);
                Level wider = ladders.get(l).levels().get(level - 1);
                assertTrue(
                        found.saved() - now.saved() + wider.saved() < needed, "ladder " + l + " need not be as narrow");
            }
        }
    }

    @Test
    void whatIsNotThereCannotBeSaved() {
        List<Ladder> ladders = ladders(new Random(1), true);
        double most = WidthChoice.most(ladders);
        assertEquals(most, WidthChoice.cheapest(ladders, most).saved());
        assertThrows(IllegalArgumentException.class, () -> WidthChoice.cheapest(ladders, most + 1));
    }
}
