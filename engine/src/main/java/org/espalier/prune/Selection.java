package org.espalier.prune;

import java.util.ArrayList;
import java.util.Arrays;
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

    /** What a layer consists of. */
    public enum Block {
        ATTENTION,
        MLP
    }

    private final ModelConfig config;
    /** By the group's id, which is the same in every recording of a model. */
    private final Map<Integer, Removed> removed = new LinkedHashMap<>();
    /** What a matrix that chooses by itself loses instead. */
    private final Map<Axis, BitSet> alone = new LinkedHashMap<>();

    private final BitSet attention = new BitSet();
    private final BitSet mlp = new BitSet();

    private record Removed(Units units, BitSet bits) {}

    private record Axis(int group, String tensor, int axis) {

        static Axis of(Units units, Member member) {
            return new Axis(units.group().id(), member.tensor().name(), member.axis());
        }
    }

    public Selection(ModelConfig config) {
        this.config = config;
    }

    /** The same removals, to which others can be added. */
    public Selection copy() {
        Selection copy = new Selection(config);
        removed.forEach((id, from) -> copy.removed.put(id, new Removed(from.units, (BitSet) from.bits.clone())));
        alone.forEach((axis, bits) -> copy.alone.put(axis, (BitSet) bits.clone()));
        copy.attention.or(attention);
        copy.mlp.or(mlp);
        return copy;
    }

    /** Removes units {@code which}. */
    public void remove(Units units, int... which) {
        BitSet bits = removed.computeIfAbsent(units.group().id(), id -> new Removed(units, new BitSet())).bits;
        for (int unit : which) {
            bits.set(unit);
        }
    }

    /**
     * Removes units {@code which} from some members of a group instead of those that the group loses, which must be equally
     * many: what is left fits together, but no more belongs together.
     */
    public void removeAlone(Units units, List<Member> members, int... which) {
        for (Member member : members) {
            BitSet bits = alone.computeIfAbsent(Axis.of(units, member), axis -> new BitSet());
            for (int unit : which) {
                bits.set(unit);
            }
        }
    }

    /** What a member of a group loses: what the group does, unless it chooses by itself. */
    BitSet removed(Units units, Member member) {
        BitSet own = alone.get(Axis.of(units, member));
        return own == null ? removed(units) : (BitSet) own.clone();
    }

    /** Whether a member of a group chooses by itself. */
    boolean alone(Units units, Member member) {
        return alone.containsKey(Axis.of(units, member));
    }

    /** Removes the whole attention or MLP of a layer; a layer that has neither any more is gone. */
    public void remove(int layer, Block block) {
        blocks(block).set(layer);
    }

    /** The units removed from a group; empty if none are. */
    public BitSet removed(Units units) {
        Removed from = removed.get(units.group().id());
        return from == null ? new BitSet() : (BitSet) from.bits.clone();
    }

    /** The units of a group that stay, ascending: query heads of a key/value head that goes do not. */
    public int[] staying(Units units) {
        BitSet stay = new BitSet();
        stay.set(0, units.count());
        stay.andNot(removed(units));
        if (units.group().role() == Role.QUERY_HEADS) {
            for (Removed from : removed.values()) {
                if (from.units.group().role() == Role.HEADS && from.units.layer() == units.layer()) {
                    from.bits.stream()
                            .forEach(head -> stay.clear(head * units.perLane(), (head + 1) * units.perLane()));
                }
            }
        }
        return stay.stream().toArray();
    }

    /** Whether the whole attention or MLP of a layer is removed. */
    public boolean removed(int layer, Block block) {
        return blocks(block).get(layer);
    }

    /** Whether nothing is removed. */
    public boolean isEmpty() {
        return removed.values().stream().allMatch(r -> r.bits.isEmpty()) && attention.isEmpty() && mlp.isEmpty();
    }

    /** The layers of the source that are not gone, ascending. */
    public int[] keptLayers() {
        BitSet kept = new BitSet();
        for (int layer = 0; layer < config.layers().size(); layer++) {
            LayerConfig left = after(layer);
            kept.set(layer, left.heads() > 0 || left.intermediate() > 0);
        }
        return kept.stream().toArray();
    }

    /** The number that a layer of the source has in what is left, or −1 if it is gone. */
    public int numberAfter(int layer) {
        return Math.max(-1, Arrays.binarySearch(keptLayers(), layer));
    }

    /** The sizes that are left. */
    public ModelConfig after() {
        List<LayerConfig> layers = new ArrayList<>();
        for (int layer : keptLayers()) {
            layers.add(after(layer));
        }
        return config.resized(config.hidden() - count(-1, Role.CHANNELS), layers);
    }

    private LayerConfig after(int layer) {
        LayerConfig old = config.layers().get(layer);
        int kvHeads = attention.get(layer) ? 0 : old.kvHeads() - count(layer, Role.HEADS);
        int perHead = kvHeads == 0 ? 0 : old.heads() / old.kvHeads() - queriesPerLane(layer);
        int neurons = mlp.get(layer) ? 0 : old.intermediate() - count(layer, Role.NEURONS);
        return new LayerConfig(kvHeads * perHead, kvHeads, neurons);
    }

    /** Parameters that are left, recounted from shapes. */
    public long parametersAfter() {
        return new Llama(after()).shape().parameterCount();
    }

    /** What a parameter of the smaller model is called in the source, where layers that are gone still count. */
    public String sourceName(String name) {
        int layer = Llama.layerOf(name);
        return layer < 0
                ? name
                : Llama.prefix(keptLayers()[layer])
                        + name.substring(Llama.prefix(layer).length());
    }

    /** The entries of one axis of a parameter of the source that stay, ascending. */
    public int[] kept(Value parameter, int axis) {
        BitSet kept = new BitSet();
        kept.set(0, parameter.shape().extent(axis));
        for (Removed from : removed.values()) {
            for (Member member : from.units.members()) {
                if (member.tensor().name().equals(parameter.name()) && member.axis() == axis) {
                    removed(from.units, member).stream().forEach(unit -> clear(kept, from.units.entries(member, unit)));
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

    private BitSet blocks(Block block) {
        return block == Block.ATTENTION ? attention : mlp;
    }

    private int count(int layer, Role role) {
        return removed.values().stream()
                .filter(r -> r.units.layer() == layer && r.units.group().role() == role)
                .mapToInt(r -> r.bits.cardinality())
                .sum();
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
