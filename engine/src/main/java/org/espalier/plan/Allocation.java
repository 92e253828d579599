package org.espalier.plan;

import java.util.ArrayList;
import java.util.BitSet;
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
        GLOBAL,
        /** Each branch keeps the width that together does least to the predictions, by a table of what each does to them. */
        DIVERGENCE;

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
    private final boolean nearest;

    /**
     * @param groups  that may lose units
     * @param base    what is removed already; the result has it as well
     * @param nearest whether as near as can be to what is asked for goes, be it less; else at least that much
     */
    Allocation(List<RemovalOrder> groups, Selection base, boolean nearest) {
        this.groups = List.copyOf(groups);
        this.base = base;
        this.nearest = nearest;
    }

    /**
     * Removes as much as a goal wants: at least that much and at most one removal more; or as near to that much as whole
     * removals come, but something.
     *
     * @throws Failure if the groups do not have that much to give
     */
    public Selection reach(Goal wanted, Scope scope, Normalise normalise) {
        List<Turn> order = scope == Scope.LOCAL ? evenly() : byScore(normalise);
        double most = wanted.saved(selection(order, order.size()));
        if (most < wanted.needed()) {
            throw wanted.unreachable(most);
        }
        int enough = enough(order, wanted);
        return nearest ? nearest(order, enough, wanted) : selection(order, enough);
    }

    /** The least number of turns that removes as much, or all turns. */
    private int enough(List<Turn> order, Goal goal) {
        int low = 0;
        int high = order.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (goal.saved(selection(order, middle)) >= goal.needed()) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /**
     * The last turn that is needed may remove far too much: then less may be nearer, or finer turns that come later in its
     * place. Of those the last may again, but it is finer by half, so that this ends soon.
     */
    private Selection nearest(List<Turn> order, int enough, Goal goal) {
        List<Turn> turns = order;
        int taken = enough;
        Selection best = selection(turns, taken);
        while (taken > 0 && goal.saved(best) != goal.needed()) {
            Turn last = turns.get(taken - 1);
            boolean something = taken > 1 || !base.isEmpty();
            if (something && groups.get(last.group).role() != null) {
                best = nearer(best, selection(turns, taken - 1), goal);
            }
            turns = finer(turns, taken - 1);
            taken = enough(turns, goal);
            Selection instead = selection(turns, taken);
            if (goal.saved(instead) < goal.needed()) {
                return best;
            }
            best = nearer(best, instead, goal);
        }
        return best;
    }

    /** The first turns, and of the others those that remove at most half as much as the one that comes next. */
    private List<Turn> finer(List<Turn> turns, int first) {
        Turn next = turns.get(first);
        BitSet ended = new BitSet();
        ended.set(next.group);
        List<Turn> finer = new ArrayList<>(turns.subList(0, first));
        for (Turn turn : turns.subList(first, turns.size())) {
            if (removal(turn).parameters() > removal(next).parameters() / 2) {
                ended.set(turn.group);
            }
            if (!ended.get(turn.group)) {
                finer.add(turn);
            }
        }
        return finer;
    }

    private static Selection nearer(Selection best, Selection other, Goal goal) {
        double needed = goal.needed();
        return Math.abs(goal.saved(other) - needed) < Math.abs(goal.saved(best) - needed) ? other : best;
    }

    private Removal removal(Turn turn) {
        return groups.get(turn.group).all().get(turn.removal);
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

    /** Takes whole removals of a group, at most {@code units} units, or as near to that many as they come. */
    private void take(Selection selection, RemovalOrder group, int units) {
        int removed = 0;
        for (Removal removal : group.removable()) {
            int before = removed;
            removed += removal.units();
            boolean nearer = nearest && removed - units < units - before;
            if (removed > units && !nearer) {
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
        return ordered(Comparator.comparingDouble(turn -> value(removal(turn), normalise)));
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
            removal(turn).enter().accept(selection);
        }
        return selection;
    }
}
