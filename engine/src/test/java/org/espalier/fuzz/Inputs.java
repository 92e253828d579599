package org.espalier.fuzz;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Inputs without end: first those that are known, then changed ones. An input that was refused in new words is changed
 * further.
 */
final class Inputs {

    private static final int MOST_KEPT = 400;

    private final List<Input> right;
    private final List<Input> known = new ArrayList<>();
    private final List<Input> kept;
    private final Map<String, Mutator> mutators = new HashMap<>();
    private final RandomGenerator random;
    private int next;

    /**
     * @param right first inputs
     * @param wrong that once went wrong
     */
    Inputs(List<Input> right, List<Input> wrong, RandomGenerator random) {
        this.right = List.copyOf(right);
        known.addAll(right);
        known.addAll(wrong);
        this.kept = new ArrayList<>(known);
        this.random = random;
    }

    Input next() {
        if (next < known.size()) {
            return known.get(next++);
        }
        // Half are made from right ones: far from them, little is read.
        Input start =
                random.nextBoolean() ? right.get(random.nextInt(right.size())) : kept.get(random.nextInt(kept.size()));
        Input other = kept.get(random.nextInt(kept.size()));
        String name = start.names().get(random.nextInt(start.names().size()));
        byte[] theirs = other.files().getOrDefault(name, start.file(name));
        return start.with(name, mutators.computeIfAbsent(name, Mutator::of).mutate(start.file(name), theirs, random));
    }

    /** How many of the next inputs are known ones. */
    int left() {
        return known.size() - next;
    }

    /** Keeps an input to be changed further, unless it is large or there are many. */
    void keep(Input input) {
        if (kept.size() < known.size() + MOST_KEPT && input.bytes() < 1 << 16) {
            kept.add(input);
        }
    }
}
