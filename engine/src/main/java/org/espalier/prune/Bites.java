package org.espalier.prune;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The order in which a group's units go: each bite removes one unit from every lane, the least needed first. Where lanes
 * are one, a bite is a unit.
 *
 * @param units  the units
 * @param bites  units of each bite, in the order of removal
 * @param scores sum of the scores of each bite; never falls
 */
record Bites(Units units, List<int[]> bites, double[] scores) {

    static Bites of(UnitScores scored) {
        Units units = scored.units();
        List<List<Integer>> lanes = new ArrayList<>();
        for (int lane = 0; lane < units.lanes(); lane++) {
            int from = lane * units.perLane();
            lanes.add(IntStream.range(from, from + units.perLane()).boxed()
                    .sorted(Comparator.comparingDouble(u -> scored.scores()[u])).toList());
        }
        List<int[]> bites = new ArrayList<>();
        double[] scores = new double[units.perLane()];
        for (int b = 0; b < units.perLane(); b++) {
            int at = b;
            int[] bite = lanes.stream().mapToInt(lane -> lane.get(at)).toArray();
            bites.add(bite);
            scores[b] = IntStream.of(bite).mapToDouble(u -> scored.scores()[u]).sum();
        }
        return new Bites(units, bites, scores);
    }

    int count() {
        return bites.size();
    }
}
