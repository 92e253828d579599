package org.espalier.couple;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.tape.Branch;
import org.espalier.tape.Value;
import org.espalier.tensor.Shape;

/** Which units and branches of a model are removed, in the model's own numbering, and what is left of every parameter. */
public final class Selection {

    private final Structure structure;
    /** By the group's id. */
    private final Map<Integer, BitSet> removed = new LinkedHashMap<>();
    /** What an axis that chooses by itself loses instead. */
    private final Map<Axis, BitSet> own = new LinkedHashMap<>();
    /** By the branch's index. */
    private final BitSet branches = new BitSet();

    private record Axis(int group, String tensor, int axis) {

        static Axis of(Units units, Member member) {
            return new Axis(units.group().id(), member.tensor().name(), member.axis());
        }
    }

    /** Nothing removed. */
    public Selection(Structure structure) {
        this.structure = structure;
    }

    /** The whole model that removals are numbered by. */
    public Structure structure() {
        return structure;
    }

    /** The same removals, to which others can be added. */
    public Selection copy() {
        return on(structure);
    }

    /** The same removals from another recording of the same model. */
    public Selection on(Structure other) {
        Selection copy = new Selection(other);
        removed.forEach((id, bits) -> copy.removed.put(id, (BitSet) bits.clone()));
        own.forEach((axis, bits) -> copy.own.put(axis, (BitSet) bits.clone()));
        copy.branches.or(branches);
        return copy;
    }

    /** Removes units. */
    public void remove(Units units, int... gone) {
        add(removed.computeIfAbsent(units.group().id(), id -> new BitSet()), gone);
    }

    /**
     * Removes units from some members of a group instead of those that the group loses, which must be equally many: what is
     * left fits together, but no more belongs together.
     */
    public void removeApart(Units units, List<Member> members, int... gone) {
        members.forEach(member -> add(own.computeIfAbsent(Axis.of(units, member), axis -> new BitSet()), gone));
    }

    /** The same removals of everything but tokens: what the whole model's token ids can be given to. */
    public Selection withWholeVocabulary() {
        Selection copy = copy();
        structure
                .vocabulary()
                .ifPresent(tokens -> copy.removed.remove(tokens.group().id()));
        return copy;
    }

    private static void add(BitSet bits, int... gone) {
        Arrays.stream(gone).forEach(bits::set);
    }

    /** Removes a whole branch; a layer that has none any more is gone. */
    public void remove(Branch branch) {
        branches.set(branch.index());
    }

    /** Whether a whole branch is removed. */
    public boolean removed(Branch branch) {
        return branches.get(branch.index());
    }

    /** The units removed from a group; empty if none are. */
    public BitSet removed(Units units) {
        return (BitSet) removed.getOrDefault(units.group().id(), new BitSet()).clone();
    }

    /** What a member of a group loses: what the group does, unless it chooses by itself. */
    public BitSet removed(Units units, Member member) {
        BitSet bits = own.get(Axis.of(units, member));
        return bits == null ? removed(units) : (BitSet) bits.clone();
    }

    /** Whether a member of a group chooses by itself. */
    public boolean apart(Units units, Member member) {
        return own.containsKey(Axis.of(units, member));
    }

    /** The units of a group that stay, ascending: query heads of a key/value head and neurons of an expert that goes do not. */
    public int[] staying(Units units) {
        BitSet stay = new BitSet();
        stay.set(0, units.count());
        stay.andNot(removed(units));
        structure
                .ownersOf(units)
                .ifPresent(owners -> removed(owners).stream()
                        .forEach(owner -> stay.clear(owner * units.perSet(), (owner + 1) * units.perSet())));
        return stay.stream().toArray();
    }

    /** Whether nothing is removed. */
    public boolean isEmpty() {
        return removed.values().stream().allMatch(BitSet::isEmpty) && branches.isEmpty();
    }

    /** The layers that are not gone, ascending: those that have a branch yet. */
    public int[] keptLayers() {
        return structure.branches().stream()
                .filter(branch -> !removed(branch))
                .mapToInt(Branch::layer)
                .distinct()
                .sorted()
                .toArray();
    }

    /** The number that a layer has in what is left, or −1 if it is gone. */
    public int numberAfter(int layer) {
        return Math.max(-1, Arrays.binarySearch(keptLayers(), layer));
    }

    /** Entries of all parameters that are left. */
    public long parametersAfter() {
        Set<Value> gone = new HashSet<>(structure.tape().leaves(Value.Role.PARAMETER));
        gone.removeAll(parameters());
        return structure.tape().leaves(Value.Role.PARAMETER).stream()
                .filter(parameter -> !gone.contains(parameter))
                .mapToLong(parameter -> shape(parameter).elements())
                .sum();
    }

    /** Parameters that something of what is left uses, in the order of the tape. */
    public List<Value> parameters() {
        Set<Value> used = new HashSet<>();
        LiveOperations.of(structure, this::removed).forEach(op -> op.inputs().forEach(input -> used.add(input.root())));
        return structure.tape().leaves(Value.Role.PARAMETER).stream()
                .filter(parameter -> used.contains(parameter) && !gone(parameter))
                .toList();
    }

    /** Whether a parameter belongs to an expert that is removed. */
    boolean gone(Value parameter) {
        return structure
                .expertsWith(parameter)
                .filter(experts -> removed(experts).get(structure.expertOf(parameter)))
                .isPresent();
    }

    /** The shape that is left of a value. */
    public Shape shape(Value value) {
        long[] dims = new long[value.shape().rank()];
        Arrays.setAll(dims, axis -> structure.extent(value, axis, this::staysOfASet));
        return Shape.of(dims);
    }

    private int staysOfASet(Units units) {
        return units.perSet() - removed(units).get(0, units.perSet()).cardinality();
    }

    /** The entries of one axis of a value that stay, ascending. */
    public int[] kept(Value value, int axis) {
        BitSet kept = new BitSet();
        kept.set(0, value.shape().extent(axis));
        for (Structure.Place place : structure.places(value, axis)) {
            removed(place.units(), place.member()).stream()
                    .forEach(unit -> clear(kept, place.units().entries(place.member(), unit)));
        }
        return kept.stream().toArray();
    }

    private static void clear(BitSet kept, long[] entries) {
        for (long entry : entries) {
            kept.clear((int) entry);
        }
    }
}
