package org.espalier.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Units;
import org.espalier.importance.BlockScores;
import org.espalier.importance.MatrixScores;
import org.espalier.importance.Rankings;
import org.espalier.importance.UnitScores;

/**
 * The order in which units of a group go: the least needed first. Where units must go together, equally many of every set
 * or as many as a round width asks for, a removal is several units.
 *
 * @param name  of the group, for people
 * @param role  what its units are; null for whole blocks
 * @param width entries of the narrowest axis in one unit of every set
 * @param all   the removals; the last leaves nothing and is never taken
 */
public record RemovalOrder(String name, Role role, int width, List<Removal> all) {

    /**
     * Units that go at once.
     *
     * @param units      of every set, or blocks
     * @param score      the sum of theirs
     * @param parameters they carry, before anything else is removed
     * @param enter      enters them in a selection
     */
    public record Removal(int units, double score, long parameters, Consumer<Selection> enter) {}

    /**
     * Everything that may go, in the order in which it goes; what is gone already comes first.
     *
     * @param rounds what the width that is left of a group must be a multiple of
     */
    static List<RemovalOrder> of(Rankings rankings, ToIntFunction<Units> rounds, Selection gone) {
        Stream<RemovalOrder> ofUnits = rankings.byMatrix().isEmpty()
                ? rankings.units().stream().map(u -> of(u, rounds.applyAsInt(u.units()), gone))
                : rankings.byMatrix().stream().map(l -> of(l, rounds.applyAsInt(l.units())));
        return Stream.concat(ofUnits, rankings.blocks().stream().map(b -> of(b, gone)))
                .toList();
    }

    /**
     * The removals of one kind of units, the least important first.
     *
     * @param round what a width that is left must be a multiple of; 1 for any
     * @param gone  what is removed already, which comes first
     */
    public static RemovalOrder of(UnitScores scored, int round, Selection gone) {
        Units units = scored.units();
        double[] scores = scored.scores().clone();
        gone.removed(units).stream().forEach(unit -> scores[unit] = Double.NEGATIVE_INFINITY);
        List<Removal> removals = new ArrayList<>();
        for (int[] removal : order(units, scores, round)) {
            removals.add(removal(
                    units, removal.length, sum(scores, removal), selection -> selection.remove(units, removal)));
        }
        return new RemovalOrder(units.group().name(), units.group().role(), units.width(), removals);
    }

    /** Each matrix loses other units, equally many. */
    static RemovalOrder of(MatrixScores scored, int round) {
        Units units = scored.units();
        List<List<int[]>> orders = scored.choices().stream()
                .map(c -> order(units, c.scores(), round))
                .toList();
        List<Removal> removals = new ArrayList<>();
        for (int b = 0; b < orders.getFirst().size(); b++) {
            int at = b;
            double score = IntStream.range(0, orders.size())
                    .mapToDouble(c ->
                            sum(scored.choices().get(c).scores(), orders.get(c).get(at)))
                    .sum();
            removals.add(removal(units, orders.getFirst().get(b).length, score, selection -> {
                for (int c = 0; c < orders.size(); c++) {
                    selection.removeApart(
                            units,
                            scored.choices().get(c).members(),
                            orders.get(c).get(at));
                }
                selection.remove(units, orders.getFirst().get(at));
            }));
        }
        return new RemovalOrder(units.group().name(), units.group().role(), units.width(), removals);
    }

    private static Removal removal(Units units, int count, double score, Consumer<Selection> enter) {
        int perSet = count / units.sets();
        return new Removal(perSet, score, perSet * units.group().parametersPerUnit(), enter);
    }

    private static double sum(double[] scores, int[] units) {
        return IntStream.of(units).mapToDouble(u -> scores[u]).sum();
    }

    /** The units of each removal, the lowest scores first. */
    private static List<int[]> order(Units units, double[] scores, int round) {
        List<List<Integer>> sets = new ArrayList<>();
        for (int set = 0; set < units.sets(); set++) {
            int start = set * units.perSet();
            sets.add(IntStream.range(start, start + units.perSet())
                    .boxed()
                    .sorted(Comparator.comparingDouble(u -> scores[u]))
                    .toList());
        }
        int step = RoundWidths.step(units, round);
        int last = Math.ceilDiv(units.least(), step) * step;
        List<int[]> order = new ArrayList<>();
        int start = 0;
        while (start < units.perSet()) {
            int left = units.perSet() - start;
            int one = left % step == 0 ? step : left % step;
            // The last removal is never taken: what must stay is in it.
            int end = left - one < last ? units.perSet() : start + one;
            order.add(IntStream.range(start, end)
                    .flatMap(u -> sets.stream().mapToInt(set -> set.get(u)))
                    .toArray());
            start = end;
        }
        return order;
    }

    /** Whole blocks, one a removal. */
    static RemovalOrder of(BlockScores blocks, Selection gone) {
        double[] scores = blocks.scores().clone();
        for (int layer : blocks.layers()) {
            if (blocks.kind().branches(blocks.structure(), layer).stream().allMatch(gone::removed)) {
                scores[layer] = Double.NEGATIVE_INFINITY;
            }
        }
        List<Removal> removals = blocks.layers().stream()
                .sorted(Comparator.comparingDouble(layer -> scores[layer]))
                .map(layer -> new Removal(
                        1, scores[layer], blocks.parameters(layer), selection -> blocks.remove(layer, selection)))
                .toList();
        return new RemovalOrder(blocks.kind().toString(), null, 1, removals);
    }

    /** Removals that can be taken: something always stays. */
    List<Removal> removable() {
        return all.subList(0, Math.max(0, all.size() - 1));
    }

    /** Units of a set, or blocks. */
    int units() {
        return all.stream().mapToInt(Removal::units).sum();
    }
}
