package org.espalier.prune;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Units;

/**
 * The order in which units of a group go: the least needed first. Where units must go together, equally many of every lane
 * or as many as a round width asks for, a bite is several units.
 *
 * @param name  of the group, for people
 * @param role  what its units are; null for whole blocks
 * @param width entries of the narrowest axis in one unit of every lane
 * @param all   the bites; the last leaves nothing and is never taken
 */
record Bites(String name, Role role, int width, List<Bite> all) {

    /**
     * Units that go at once.
     *
     * @param units      of every lane, or blocks
     * @param score      the sum of theirs
     * @param parameters they carry, before anything else is removed
     * @param removal    enters them in a selection
     */
    record Bite(int units, double score, long parameters, Consumer<Selection> removal) {}

    /**
     * @param round what a width that is left must be a multiple of; 1 for any
     * @param gone  what is removed already, which comes first
     */
    static Bites of(UnitScores scored, int round, Selection gone) {
        Units units = scored.units();
        double[] scores = scored.scores().clone();
        gone.removed(units).stream().forEach(unit -> scores[unit] = Double.NEGATIVE_INFINITY);
        List<Bite> bites = new ArrayList<>();
        for (int[] bite : order(units, scores, round)) {
            bites.add(bite(units, bite.length, sum(scores, bite), selection -> selection.remove(units, bite)));
        }
        return new Bites(units.group().name(), units.group().role(), units.width(), bites);
    }

    /** Each matrix loses other units, equally many. */
    static Bites of(LooseScores scored, int round) {
        Units units = scored.units();
        List<List<int[]>> orders = scored.choices().stream()
                .map(c -> order(units, c.scores(), round))
                .toList();
        List<Bite> bites = new ArrayList<>();
        for (int b = 0; b < orders.getFirst().size(); b++) {
            int at = b;
            double score = IntStream.range(0, orders.size())
                    .mapToDouble(c ->
                            sum(scored.choices().get(c).scores(), orders.get(c).get(at)))
                    .sum();
            bites.add(bite(units, orders.getFirst().get(b).length, score, selection -> {
                for (int c = 0; c < orders.size(); c++) {
                    selection.removeApart(
                            units,
                            scored.choices().get(c).members(),
                            orders.get(c).get(at));
                }
                selection.remove(units, orders.getFirst().get(at));
            }));
        }
        return new Bites(units.group().name(), units.group().role(), units.width(), bites);
    }

    private static Bite bite(Units units, int count, double score, Consumer<Selection> removal) {
        int perLane = count / units.sets();
        return new Bite(perLane, score, perLane * units.group().parametersPerUnit(), removal);
    }

    private static double sum(double[] scores, int[] units) {
        return IntStream.of(units).mapToDouble(u -> scores[u]).sum();
    }

    /** The units of each bite, the lowest scores first. */
    private static List<int[]> order(Units units, double[] scores, int round) {
        List<List<Integer>> lanes = new ArrayList<>();
        for (int lane = 0; lane < units.sets(); lane++) {
            int from = lane * units.perSet();
            lanes.add(IntStream.range(from, from + units.perSet())
                    .boxed()
                    .sorted(Comparator.comparingDouble(u -> scores[u]))
                    .toList());
        }
        int step = Math.max(1, round / gcd(round, units.width()));
        List<int[]> order = new ArrayList<>();
        int from = 0;
        while (from < units.perSet()) {
            int left = units.perSet() - from;
            int to = from + (left % step == 0 ? step : left % step);
            order.add(IntStream.range(from, to)
                    .flatMap(u -> lanes.stream().mapToInt(lane -> lane.get(u)))
                    .toArray());
            from = to;
        }
        return order;
    }

    /** Whole blocks, one a bite. */
    static Bites of(BlockScores blocks, Selection gone) {
        double[] scores = blocks.scores().clone();
        for (int layer : blocks.layers()) {
            if (blocks.kind().branches(blocks.structure(), layer).stream().allMatch(gone::removed)) {
                scores[layer] = Double.NEGATIVE_INFINITY;
            }
        }
        List<Bite> bites = blocks.layers().stream()
                .sorted(Comparator.comparingDouble(layer -> scores[layer]))
                .map(layer -> new Bite(
                        1, scores[layer], blocks.parameters(layer), selection -> blocks.remove(layer, selection)))
                .toList();
        return new Bites(blocks.kind().toString(), null, 1, bites);
    }

    /** Bites that can be taken: something always stays. */
    List<Bite> removable() {
        return all.subList(0, Math.max(0, all.size() - 1));
    }

    /** Units of a lane, or blocks. */
    int units() {
        return all.stream().mapToInt(Bite::units).sum();
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }
}
