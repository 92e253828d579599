package org.espalier.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.error.Failure;
import org.espalier.plan.RemovalOrder.Removal;

/** Decides how many units each group loses. A group always keeps at least one unit of every set that must lose equally many. */
public final class Allocation {

    /** How groups compete. */
    public enum Scope {
        /** Every group loses the same share of its units. */
        LOCAL,
        /** The lowest scores of all groups go. */
        GLOBAL;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What scores are divided by before groups of different kinds compete. */
    public enum Normalise {
        /** The parameters that a unit carries, so that what a parameter is worth decides. */
        PARAMETERS,
        /** Nothing, as in LLM-Pruner, where a head's score sums far more numbers than a neuron's. */
        NONE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private record Turn(int group, int removal) {}

    private final List<RemovalOrder> groups;
    private final Selection base;

    /**
     * @param groups that may lose units
     * @param base   what is removed already; the result has it as well
     */
    Allocation(List<RemovalOrder> groups, Selection base) {
        this.groups = List.copyOf(groups);
        this.base = base;
    }

    /**
     * Removes {@code ratio} of all parameters, at least that many and at most one removal more.
     *
     * @throws Failure if the groups do not have that many to give
     */
    public Selection parameters(double ratio, Scope scope, Normalise normalise) {
        long before = base.structure().tape().parameterCount();
        long target = (long) Math.ceil(before * ratio);
        List<Turn> order = scope == Scope.LOCAL ? evenly() : byScore(normalise);
        int low = 0;
        int high = order.size();
        long most = before - selection(order, high).parametersAfter();
        if (most < target) {
            throw new Failure(
                    "only %d of %d parameters can be removed, not %d, because every layer that is to stay keeps "
                                    .formatted(most, before, target)
                            + "a unit of each kind",
                    "ratio " + ratio,
                    "use a smaller ratio or round width, or let more layers or kinds of units go");
        }
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (before - selection(order, middle).parametersAfter() >= target) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return selection(order, low);
    }

    /**
     * LLM-Pruner's own accounting: {@code ratio} of the units of every group (local), or of the units of all groups together
     * (global), with its rounding.
     */
    public Selection units(double ratio, Scope scope, Normalise normalise) {
        Selection selection = base.copy();
        if (scope == Scope.LOCAL) {
            groups.forEach(g -> take(selection, g, count(g, ratio)));
        } else {
            globalUnits(selection, ratio, normalise);
        }
        return selection;
    }

    /** Units to remove, rounded up to whole neurons but down to whole heads, in Python's float arithmetic. */
    private static int count(RemovalOrder group, double ratio) {
        int width = group.role() == Role.HEADS || group.role() == Role.QUERY_HEADS ? group.width() : 1;
        int all = group.units() * width;
        return (all - (int) (all * (1 - ratio))) / width;
    }

    /** Everything up to the n-th smallest score goes; a group that would lose all is left whole. */
    private void globalUnits(Selection selection, double ratio, Normalise normalise) {
        double[] pool = groups.stream()
                .flatMap(g ->
                        g.all().stream().flatMap(b -> Stream.generate(() -> b).limit(b.units())))
                .mapToDouble(b -> value(b, normalise))
                .sorted()
                .toArray();
        int count = pool.length - (int) (pool.length * (1 - ratio));
        if (count <= 0) {
            return;
        }
        double threshold = pool[count - 1];
        for (RemovalOrder group : groups) {
            int below = group.all().stream()
                    .filter(b -> value(b, normalise) <= threshold)
                    .mapToInt(Removal::units)
                    .sum();
            if (below < group.units()) {
                take(selection, group, below);
            }
        }
    }

    /** Takes whole removals of a group, at most {@code units} units. */
    private static void take(Selection selection, RemovalOrder group, int units) {
        int removed = 0;
        for (Removal removal : group.removable()) {
            removed += removal.units();
            if (removed > units) {
                return;
            }
            removal.enter().accept(selection);
        }
    }

    private static double value(Removal removal, Normalise normalise) {
        return removal.score() / (normalise == Normalise.PARAMETERS ? removal.parameters() : removal.units());
    }

    /** Turns so that every prefix takes about the same share of every group. */
    private List<Turn> evenly() {
        List<double[]> shares = groups.stream().map(Allocation::shares).toList();
        return ordered(Comparator.comparingDouble(turn -> shares.get(turn.group)[turn.removal]));
    }

    /** The share of a group that is gone after each removal. */
    private static double[] shares(RemovalOrder group) {
        double[] shares = new double[group.all().size()];
        int units = group.units();
        int gone = 0;
        for (int b = 0; b < shares.length; b++) {
            gone += group.all().get(b).units();
            shares[b] = (double) gone / units;
        }
        return shares;
    }

    private List<Turn> byScore(Normalise normalise) {
        return ordered(Comparator.comparingDouble(
                turn -> value(groups.get(turn.group).all().get(turn.removal), normalise)));
    }

    private List<Turn> ordered(Comparator<Turn> order) {
        List<Turn> all = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            for (int b = 0; b < groups.get(g).removable().size(); b++) {
                all.add(new Turn(g, b));
            }
        }
        all.sort(order.thenComparingInt(Turn::group).thenComparingInt(Turn::removal));
        return all;
    }

    private Selection selection(List<Turn> order, int count) {
        Selection selection = base.copy();
        for (Turn turn : order.subList(0, count)) {
            groups.get(turn.group).all().get(turn.removal).enter().accept(selection);
        }
        return selection;
    }
}
