package org.espalier.prune;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * What two plans keep of the same model.
 *
 * @param layers   of either plan, ascending
 * @param channels of the residual stream; null unless both plans name them
 */
public record PlanDifference(List<Layer> layers, Overlap channels) {

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
    public record Layer(int layer, Overlap heads, Overlap kvHeads, Overlap neurons) {
    }

    public PlanDifference {
        layers = List.copyOf(layers);
    }

    /** Compares two plans. */
    public static PlanDifference of(Plan first, Plan second) {
        TreeMap<Integer, Plan.Layer[]> layers = new TreeMap<>();
        first.layers().forEach(l -> layers.computeIfAbsent(l.layer(), k -> new Plan.Layer[2])[0] = l);
        second.layers().forEach(l -> layers.computeIfAbsent(l.layer(), k -> new Plan.Layer[2])[1] = l);
        List<Layer> compared = new ArrayList<>();
        layers.forEach((layer, both) -> compared.add(new Layer(layer, overlap(both, Plan.Layer::keptHeads),
                overlap(both, Plan.Layer::keptKvHeads), overlap(both, Plan.Layer::keptNeurons))));
        boolean channels = first.keptChannels() != null && second.keptChannels() != null;
        return new PlanDifference(compared, channels ? Overlap.of(first.keptChannels(), second.keptChannels()) : null);
    }

    private static Overlap overlap(Plan.Layer[] layers, Function<Plan.Layer, int[]> kept) {
        return Overlap.of(layers[0] == null ? new int[0] : kept.apply(layers[0]),
                layers[1] == null ? new int[0] : kept.apply(layers[1]));
    }
}
