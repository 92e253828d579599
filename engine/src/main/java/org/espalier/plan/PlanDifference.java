package org.espalier.plan;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * What two plans keep of the same model.
 *
 * @param layers   of either plan, ascending
 * @param channels of the residual stream; null unless both plans name them
 * @param matrices that choose by themselves in both plans
 */
public record PlanDifference(List<Layer> layers, Overlap channels, List<Matrix> matrices) {

    /**
     * Units that plans keep.
     *
     * @param both   by both
     * @param first  by the first alone
     * @param second by the second alone
     */
    public record Overlap(int both, int first, int second) {

        static Overlap of(int[] a, int[] b) {
            BitSet common = bits(a);
            common.and(bits(b));
            int both = common.cardinality();
            return new Overlap(both, a.length - both, b.length - both);
        }

        /** Whether both keep the same. */
        public boolean same() {
            return first == 0 && second == 0;
        }

        private static BitSet bits(int[] units) {
            BitSet bits = new BitSet();
            for (int unit : units) {
                bits.set(unit);
            }
            return bits;
        }
    }

    /** What they keep of one layer. */
    public record Layer(int layer, Overlap heads, Overlap kvHeads, Overlap neurons) {}

    /** What they keep of one axis of a tensor that chooses by itself; see {@link Plan.Alone}. */
    public record Matrix(String tensor, int axis, String role, Overlap kept) {}

    public PlanDifference {
        layers = List.copyOf(layers);
        matrices = List.copyOf(matrices);
    }

    /** Compares two plans. */
    public static PlanDifference of(Plan first, Plan second) {
        TreeMap<Integer, Plan.Layer[]> layers = new TreeMap<>();
        first.kept().layers().forEach(l -> layers.computeIfAbsent(l.layer(), k -> new Plan.Layer[2])[0] = l);
        second.kept().layers().forEach(l -> layers.computeIfAbsent(l.layer(), k -> new Plan.Layer[2])[1] = l);
        List<Layer> compared = new ArrayList<>();
        layers.forEach((layer, both) -> compared.add(new Layer(
                layer,
                overlap(both, Plan.Layer::keptHeads),
                overlap(both, Plan.Layer::keptKvHeads),
                overlap(both, Plan.Layer::keptNeurons))));
        boolean channels = first.kept().channels() != null && second.kept().channels() != null;
        return new PlanDifference(
                compared,
                channels ? Overlap.of(first.kept().channels(), second.kept().channels()) : null,
                matrices(first.keptAlone(), second.keptAlone()));
    }

    private static List<Matrix> matrices(List<Plan.Alone> first, List<Plan.Alone> second) {
        Map<List<Object>, Plan.Alone> others = new LinkedHashMap<>();
        if (second != null) {
            second.forEach(alone -> others.put(key(alone), alone));
        }
        return first == null
                ? List.of()
                : first.stream()
                        .filter(alone -> others.containsKey(key(alone)))
                        .map(alone -> new Matrix(
                                alone.tensor(),
                                alone.axis(),
                                alone.role(),
                                Overlap.of(alone.kept(), others.get(key(alone)).kept())))
                        .toList();
    }

    private static List<Object> key(Plan.Alone alone) {
        return List.of(alone.tensor(), alone.axis(), alone.role());
    }

    private static Overlap overlap(Plan.Layer[] layers, Function<Plan.Layer, int[]> kept) {
        return Overlap.of(
                layers[0] == null ? new int[0] : kept.apply(layers[0]),
                layers[1] == null ? new int[0] : kept.apply(layers[1]));
    }
}
