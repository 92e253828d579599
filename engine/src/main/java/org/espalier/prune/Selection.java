package org.espalier.prune;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Member;
import org.espalier.model.Llama;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.tape.Value;

/** Which units of a model are removed, in the model's own numbering. */
public final class Selection {

    private final ModelConfig config;
    /** By the group's id, which is the same in every recording of a model. */
    private final Map<Integer, Removed> removed = new LinkedHashMap<>();

    private record Removed(Units units, BitSet bits) {
    }

    public Selection(ModelConfig config) {
        this.config = config;
    }

    /** Removes units {@code which}. */
    public void remove(Units units, int... which) {
        BitSet bits = removed.computeIfAbsent(units.group().id(), id -> new Removed(units, new BitSet())).bits;
        for (int unit : which) {
            bits.set(unit);
        }
    }

    /** The units removed from a group; empty if none are. */
    public BitSet removed(Units units) {
        Removed from = removed.get(units.group().id());
        return from == null ? new BitSet() : (BitSet) from.bits.clone();
    }

    /** Whether nothing is removed. */
    public boolean isEmpty() {
        return removed.values().stream().allMatch(r -> r.bits.isEmpty());
    }

    /** The sizes that are left. */
    public ModelConfig after() {
        List<LayerConfig> layers = new ArrayList<>(config.layers());
        for (int layer = 0; layer < layers.size(); layer++) {
            LayerConfig old = layers.get(layer);
            int kvHeads = old.kvHeads() - count(layer, Role.HEADS);
            int perHead = old.kvHeads() == 0 ? 0 : old.heads() / old.kvHeads() - queriesPerLane(layer);
            layers.set(layer, new LayerConfig(kvHeads * perHead, kvHeads, old.intermediate() - count(layer, Role.NEURONS)));
        }
        return new ModelConfig(config.architecture(), config.modelType(), config.vocab(), config.hidden(), config.headDim(),
                layers, config.eps(), config.rotary(), config.maxPositions(), config.tied(), config.attentionBias(),
                config.outputBias(), config.mlpBias());
    }

    /** Parameters that are left, recounted from shapes. */
    public long parametersAfter() {
        return new Llama(after()).shape().parameterCount();
    }

    /** The entries of one axis of a parameter that stay, ascending. */
    public int[] kept(Value parameter, int axis) {
        BitSet kept = new BitSet();
        kept.set(0, parameter.shape().extent(axis));
        for (Removed from : removed.values()) {
            for (Member member : from.units.members()) {
                if (member.tensor().name().equals(parameter.name()) && member.axis() == axis) {
                    from.bits.stream().forEach(unit -> clear(kept, from.units.entries(member, unit)));
                }
            }
        }
        return kept.stream().toArray();
    }

    private static void clear(BitSet kept, long[] entries) {
        for (long entry : entries) {
            kept.clear((int) entry);
        }
    }

    private int count(int layer, Role role) {
        return removed.values().stream().filter(r -> r.units.layer() == layer && r.units.group().role() == role)
                .mapToInt(r -> r.bits.cardinality()).sum();
    }

    /** Query heads that every key/value head of a layer loses. */
    private int queriesPerLane(int layer) {
        for (Removed from : removed.values()) {
            if (from.units.layer() == layer && from.units.group().role() == Role.QUERY_HEADS) {
                return from.bits.get(0, from.units.perLane()).cardinality();
            }
        }
        return 0;
    }
}
