package org.espalier.job;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.couple.Member;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.importance.BlockScores;
import org.espalier.importance.Rankings;
import org.espalier.importance.UnitScores;
import org.espalier.model.BranchEnd;
import org.espalier.model.BranchPass;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.tape.Branch;
import org.espalier.tape.op.Linear;
import org.espalier.tune.Gate;

/** Gates of everything that was scored, and what their numbers mean as scores and choices. */
final class RankedGates {

    private static final String GATE = "gate of ";

    private final Rankings scores;
    private final List<Gate> gates = new ArrayList<>();

    /**
     * Of what was scored.
     *
     * @throws org.espalier.error.Failure if no matrix reads some units
     */
    RankedGates(Structure structure, Rankings scores) {
        this.scores = scores;
        Set<String> matrices = structure.tape().segments().stream()
                .flatMap(segment -> segment.ops().stream())
                .filter(Linear.class::isInstance)
                .map(op -> ((Linear) op).w().name())
                .collect(Collectors.toSet());
        scores.units().forEach(scored -> gates.add(gate(scored.units(), matrices)));
        scores.blocks().forEach(scored -> gates.add(gate(scored)));
    }

    List<Gate> gates() {
        return List.copyOf(gates);
    }

    private static Gate gate(Units units, Set<String> matrices) {
        Map<String, int[]> readers = new LinkedHashMap<>();
        for (Member member : units.members()) {
            if (member.axis() == 1
                    && member.only() < 0
                    && matrices.contains(member.tensor().name())) {
                int[] columns = new int[member.tensor().shape().extent(1)];
                for (int unit = 0; unit < units.count(); unit++) {
                    for (long column : units.entries(member, unit)) {
                        columns[(int) column] = unit;
                    }
                }
                readers.put(member.tensor().name(), columns);
            }
        }
        return new Gate(GATE + units.group().name(), units.count(), readers);
    }

    /** Of whole branches, a number for each layer, where their last matrices read. */
    private static Gate gate(BlockScores blocks) {
        Map<String, int[]> readers = new LinkedHashMap<>();
        for (int layer : blocks.layers()) {
            for (Branch branch : blocks.kind().branches(blocks.structure(), layer)) {
                BranchEnd end = BranchPass.end(blocks.structure().tape(), branch);
                if (end.routing() == null) {
                    int[] columns = new int[end.weights().getFirst().shape().extent(1)];
                    Arrays.fill(columns, layer);
                    readers.put(end.weights().getFirst().name(), columns);
                }
            }
        }
        return new Gate(GATE + blocks.kind(), blocks.structure().layers(), readers);
    }

    /**
     * Numbers to begin with: evenly spaced in the order of what a parameter of each unit is worth, so that their mean is 0
     * and their variance 1.
     */
    Map<String, double[]> start(Normalise normalise) {
        List<double[]> values = new ArrayList<>();
        for (UnitScores scored : scores.units()) {
            Units units = scored.units();
            double each =
                    normalise == Normalise.NONE ? 1 : (double) units.group().parametersPerUnit() / units.sets();
            values.add(Arrays.stream(scored.scores()).map(s -> s / each).toArray());
        }
        for (BlockScores blocks : scores.blocks()) {
            values.add(IntStream.range(0, blocks.scores().length)
                    .mapToDouble(layer -> !blocks.layers().contains(layer)
                            ? Double.POSITIVE_INFINITY
                            : blocks.score(layer) / (normalise == Normalise.NONE ? 1 : blocks.parameters(layer)))
                    .toArray());
        }
        return spaced(values);
    }

    private Map<String, double[]> spaced(List<double[]> values) {
        record Place(int gate, int unit) {}
        List<Place> order = new ArrayList<>();
        Map<String, double[]> start = new LinkedHashMap<>();
        for (int g = 0; g < values.size(); g++) {
            start.put(gates.get(g).name(), new double[gates.get(g).units()]);
            for (int u = 0; u < values.get(g).length; u++) {
                order.add(new Place(g, u));
            }
        }
        order.sort(Comparator.comparingDouble(place -> values.get(place.gate)[place.unit]));
        double width = Math.sqrt(12);
        for (int i = 0; i < order.size(); i++) {
            Place place = order.get(i);
            start.get(gates.get(place.gate).name())[place.unit] = width * ((i + 0.5) / order.size() - 0.5);
        }
        return start;
    }

    /** Numbers of gates as scores, of which those of units that go together count as their mean. */
    Rankings rankings(Map<String, double[]> numbers) {
        List<UnitScores> units = new ArrayList<>();
        List<BlockScores> blocks = new ArrayList<>();
        int gate = 0;
        for (UnitScores scored : scores.units()) {
            int sets = scored.units().sets();
            units.add(new UnitScores(
                    scored.units(),
                    Arrays.stream(numbers.get(gates.get(gate++).name()))
                            .map(n -> n / sets)
                            .toArray()));
        }
        for (BlockScores scored : scores.blocks()) {
            blocks.add(new BlockScores(
                    scored.kind(),
                    scored.structure(),
                    scored.layers(),
                    numbers.get(gates.get(gate++).name())));
        }
        return new Rankings(units, blocks);
    }

    /** What multiplies each unit by a choice: 0 if it goes, else 1. */
    Map<String, double[]> factors(Selection gone) {
        Map<String, double[]> factors = new LinkedHashMap<>();
        int gate = 0;
        for (UnitScores scored : scores.units()) {
            Gate of = gates.get(gate++);
            BitSet removed = gone.removed(scored.units());
            factors.put(of.name(), ones(of.units(), removed));
        }
        for (BlockScores scored : scores.blocks()) {
            Gate of = gates.get(gate++);
            BitSet removed = new BitSet();
            for (int layer : scored.layers()) {
                removed.set(
                        layer,
                        scored.kind().branches(scored.structure(), layer).stream()
                                .allMatch(gone::removed));
            }
            factors.put(of.name(), ones(of.units(), removed));
        }
        return factors;
    }

    private static double[] ones(int units, BitSet removed) {
        double[] ones = new double[units];
        Arrays.setAll(ones, unit -> removed.get(unit) ? 0 : 1);
        return ones;
    }
}
