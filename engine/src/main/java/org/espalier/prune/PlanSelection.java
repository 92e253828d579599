package org.espalier.prune;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.couple.Group.Role;
import org.espalier.ffi.Failure;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;

/** Translates between what a plan keeps and which units go. */
public final class PlanSelection {

    private final ModelConfig config;
    private final List<Units> units;
    private final String where;

    /** @param where the plan's file, for messages */
    public PlanSelection(ModelConfig config, String where) {
        this.config = config;
        this.units = UnitFinder.of(config);
        this.where = where;
    }

    /** What every layer keeps. */
    public List<Plan.Layer> kept(Selection selection) {
        List<Plan.Layer> layers = new ArrayList<>();
        for (int layer = 0; layer < config.layers().size(); layer++) {
            LayerConfig sizes = config.layers().get(layer);
            BitSet kvHeads = all(sizes.kvHeads());
            BitSet heads = all(sizes.heads());
            BitSet neurons = all(sizes.intermediate());
            for (Units of : units) {
                BitSet gone = selection.removed(of);
                if (of.layer() == layer && !gone.isEmpty()) {
                    switch (of.group().role()) {
                        case HEADS -> {
                            kvHeads.andNot(gone);
                            heads.andNot(queriesOf(gone, sizes));
                        }
                        case QUERY_HEADS -> heads.andNot(gone);
                        case NEURONS -> neurons.andNot(gone);
                        default -> throw new IllegalStateException("a plan has no place for " + of.group().name());
                    }
                }
            }
            layers.add(new Plan.Layer(layer, heads.stream().toArray(), kvHeads.stream().toArray(),
                    neurons.stream().toArray()));
        }
        return layers;
    }

    /**
     * The units that a plan removes.
     *
     * @throws Failure if it names what the model has not, keeps nothing of something, or is not possible
     */
    public Selection removed(Plan plan) {
        if (plan.layers().size() != config.layers().size()) {
            throw bad("plan has " + plan.layers().size() + " layers, the model " + config.layers().size());
        }
        Selection selection = new Selection(config);
        for (int layer = 0; layer < plan.layers().size(); layer++) {
            Plan.Layer kept = plan.layers().get(layer);
            LayerConfig sizes = config.layers().get(layer);
            if (kept.layer() != layer) {
                throw bad("layer " + kept.layer() + " stands where layer " + layer + " should");
            }
            BitSet kvHeads = missing(kept.keptKvHeads(), sizes.kvHeads(), layer, "key/value heads");
            BitSet heads = missing(kept.keptHeads(), sizes.heads(), layer, "heads");
            BitSet neurons = missing(kept.keptNeurons(), sizes.intermediate(), layer, "neurons");
            remove(selection, layer, Role.HEADS, kvHeads);
            heads.andNot(queriesOf(kvHeads, sizes));
            remove(selection, layer, Role.QUERY_HEADS, evenly(heads, kvHeads, sizes, layer));
            remove(selection, layer, Role.NEURONS, neurons);
        }
        return selection;
    }

    private void remove(Selection selection, int layer, Role role, BitSet gone) {
        if (gone.isEmpty()) {
            return;
        }
        Units of = units.stream().filter(u -> u.layer() == layer && u.group().role() == role).findFirst()
                .orElseThrow(() -> bad("layer " + layer + " has no " + role + " to remove"));
        selection.remove(of, gone.stream().toArray());
    }

    /** Every kept key/value head must lose equally many queries; those of removed ones are made to match. */
    private BitSet evenly(BitSet heads, BitSet removedKvHeads, LayerConfig sizes, int layer) {
        if (heads.isEmpty()) {
            return heads;
        }
        int perHead = sizes.heads() / sizes.kvHeads();
        int[] counts = IntStream.range(0, sizes.kvHeads()).filter(g -> !removedKvHeads.get(g))
                .map(g -> heads.get(g * perHead, (g + 1) * perHead).cardinality()).distinct().toArray();
        if (counts.length != 1) {
            throw bad("layer " + layer + " keeps unequal numbers of heads of its key/value heads");
        }
        removedKvHeads.stream().forEach(g -> heads.set(g * perHead, g * perHead + counts[0]));
        return heads;
    }

    private static BitSet queriesOf(BitSet kvHeads, LayerConfig sizes) {
        BitSet queries = new BitSet();
        int perHead = sizes.kvHeads() == 0 ? 0 : sizes.heads() / sizes.kvHeads();
        kvHeads.stream().forEach(g -> queries.set(g * perHead, (g + 1) * perHead));
        return queries;
    }

    private BitSet missing(int[] kept, int count, int layer, String what) {
        BitSet missing = all(count);
        int previous = -1;
        for (int unit : kept) {
            if (unit <= previous || unit >= count) {
                throw bad("layer " + layer + " keeps " + what + " " + unit + " of " + count + ", out of order or range");
            }
            missing.clear(unit);
            previous = unit;
        }
        if (kept.length == 0 && count > 0) {
            throw bad("layer " + layer + " keeps no " + what);
        }
        return missing;
    }

    private static BitSet all(int count) {
        BitSet bits = new BitSet();
        bits.set(0, count);
        return bits;
    }

    private Failure bad(String what) {
        return new Failure(what, where, "use the plan that belongs to this model, or make one with 'engine plan'");
    }
}
