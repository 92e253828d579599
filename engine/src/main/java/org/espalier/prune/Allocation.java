package org.espalier.prune;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Member;
import org.espalier.ffi.Failure;
import org.espalier.model.Llama;
import org.espalier.model.ModelConfig;

/** Decides how many units each group loses. A group always keeps at least one unit of every lane. */
public final class Allocation {

    /** How groups compete. */
    public enum Scope {
        /** Every group loses the same share of its units. */
        LOCAL,
        /** The lowest scores of all groups go. */
        GLOBAL
    }

    private final ModelConfig config;
    private final List<Bites> groups;

    /** @param scores of the groups that may lose units */
    public Allocation(ModelConfig config, List<UnitScores> scores) {
        this.config = config;
        this.groups = scores.stream().map(Bites::of).toList();
    }

    /**
     * Removes {@code ratio} of all parameters, at least that many and at most one unit more.
     *
     * @throws Failure if the groups do not have that many to give
     */
    public Selection parameters(double ratio, Scope scope) {
        long before = new Llama(config).shape().parameterCount();
        long target = (long) Math.ceil(before * ratio);
        List<int[]> order = scope == Scope.LOCAL ? evenly() : byScore();
        int low = 0;
        int high = order.size();
        if (before - selection(order, high).parametersAfter() < target) {
            throw new Failure("only " + (before - selection(order, high).parametersAfter()) + " of " + before
                    + " parameters can be removed, not " + target, "ratio " + ratio,
                    "use a smaller ratio, or let more layers or kinds of units go");
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
    public Selection units(double ratio, Scope scope) {
        Selection selection = new Selection(config);
        if (scope == Scope.LOCAL) {
            groups.forEach(g -> removeFirst(selection, g, Math.min(localCount(g, ratio), g.count() - 1)));
        } else {
            globalUnits(selection, ratio);
        }
        return selection;
    }

    /** Rounded up to whole neurons but down to whole heads, in Python's float arithmetic. */
    private static int localCount(Bites group, double ratio) {
        int width = group.units().group().role() == Role.NEURONS ? 1 : narrowest(group.units());
        int all = group.count() * width;
        return (all - (int) (all * (1 - ratio))) / width;
    }

    private static int narrowest(Units units) {
        return units.members().stream().mapToInt((Member m) -> units.entries(m, 0).length).min().orElseThrow();
    }

    /** Everything up to the n-th smallest score goes; a group that would lose all is left whole. */
    private void globalUnits(Selection selection, double ratio) {
        double[] pool = groups.stream().flatMapToDouble(g -> Arrays.stream(g.scores())).sorted().toArray();
        int count = pool.length - (int) (pool.length * (1 - ratio));
        if (count <= 0) {
            return;
        }
        double threshold = pool[count - 1];
        for (Bites group : groups) {
            int below = (int) Arrays.stream(group.scores()).filter(s -> s <= threshold).count();
            if (below < group.count()) {
                removeFirst(selection, group, below);
            }
        }
    }

    private static void removeFirst(Selection selection, Bites group, int count) {
        for (int b = 0; b < count; b++) {
            selection.remove(group.units(), group.bites().get(b));
        }
    }

    /** Pairs of group and bite so that every prefix takes about the same share of every group. */
    private List<int[]> evenly() {
        return ordered(Comparator.comparingDouble((int[] b) -> (b[1] + 1.0) / groups.get(b[0]).count()));
    }

    private List<int[]> byScore() {
        return ordered(Comparator.comparingDouble((int[] b) -> groups.get(b[0]).scores()[b[1]]));
    }

    private List<int[]> ordered(Comparator<int[]> order) {
        List<int[]> all = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            int group = g;
            IntStream.range(0, groups.get(g).count() - 1).forEach(b -> all.add(new int[] {group, b}));
        }
        all.sort(order.thenComparingInt(b -> b[0]).thenComparingInt(b -> b[1]));
        return all;
    }

    private Selection selection(List<int[]> order, int count) {
        Selection selection = new Selection(config);
        for (int[] bite : order.subList(0, count)) {
            selection.remove(groups.get(bite[0]).units(), groups.get(bite[0]).bites().get(bite[1]));
        }
        return selection;
    }
}
