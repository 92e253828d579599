package org.espalier.couple;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.espalier.couple.Group.Role;
import org.espalier.tape.Branch;
import org.espalier.tape.Op;
import org.espalier.tape.Segment;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/** What a recorded model consists of: groups of units that go together, the branches of its layers, and where units lie. */
public final class Structure {

    /** The units of a group, and where they lie along one axis. */
    record Place(Units units, Member member) {}

    private final Tape tape;
    private final Groups groups;
    private final List<Units> units = new ArrayList<>();
    private final Map<Value, Set<Integer>> layers = new HashMap<>();

    private Structure(Tape tape) {
        this.tape = tape;
        this.groups = Groups.of(tape);
        findLayers();
        groups.groups().forEach(group -> units.add(Units.of(group, layer(group))));
        groups.vocabulary().ifPresent(group -> units.add(Units.of(group, layer(group))));
    }

    /** The structure of a recorded model. Groups and branches have the same numbers in every recording of it. */
    public static Structure of(Tape tape) {
        return new Structure(tape);
    }

    private void findLayers() {
        for (Segment segment : tape.segments()) {
            for (Op op : segment.ops()) {
                op.inputs()
                        .forEach(input -> layers.computeIfAbsent(input.root(), v -> new HashSet<>())
                                .add(segment.layer()));
            }
        }
    }

    private int layer(Group group) {
        Set<Integer> found = group.parameters().stream()
                .flatMap(member -> layers.get(member.tensor()).stream())
                .collect(Collectors.toSet());
        return found.size() == 1 ? found.iterator().next() : -1;
    }

    /** The record that it was found in. */
    public Tape tape() {
        return tape;
    }

    /** All units that can be scored and removed, in the order of the tape. */
    public List<Units> units() {
        return List.copyOf(units.subList(0, groups.groups().size()));
    }

    /** The tokens of the vocabulary, which have no scores and can be removed with the tokenizer's, if they are units. */
    public Optional<Units> vocabulary() {
        return units.stream().skip(groups.groups().size()).findFirst();
    }

    /** What is added onto the residual stream, in order. */
    public List<Branch> branches() {
        return tape.branches();
    }

    /** How many layers there are. */
    public int layers() {
        return tape.segments().stream().mapToInt(Segment::layer).max().orElse(-1) + 1;
    }

    /** The branch of this kind in a layer, if it has one. */
    public Optional<Branch> branch(int layer, Branch.Kind kind) {
        return branches().stream()
                .filter(b -> b.layer() == layer && b.kind() == kind)
                .findFirst();
    }

    /** The units of this role in a layer, −1 for those that run through several, if there are any. */
    public Optional<Units> units(int layer, Role role) {
        return units.stream()
                .filter(u -> u.layer() == layer && u.group().role() == role)
                .findFirst();
    }

    /** The layer that a parameter belongs to, or −1 if several use it or none. */
    public int layer(Value parameter) {
        Set<Integer> found = layers.getOrDefault(parameter.root(), Set.of());
        return found.size() == 1 ? found.iterator().next() : -1;
    }

    /**
     * Units of which each has a set of these: key/value heads with their query heads, experts with their neurons; if they may
     * go too.
     */
    public Optional<Units> ownersOf(Units parts) {
        if (parts.sets() == 1) {
            return Optional.empty();
        }
        Group own = groups.groups().get(parts.group().id());
        Role role = own.role() == Role.QUERY_HEADS ? Role.HEADS : Role.EXPERTS;
        return units.stream()
                .filter(u -> u.group().role() == role && u.count() == parts.sets() && sharesAxis(u.group(), own))
                .findFirst();
    }

    /** The experts of which a parameter belongs to one, if they may go. */
    Optional<Units> expertsWith(Value parameter) {
        return groups.owner(parameter).map(group -> units.get(group.id()));
    }

    /** Which of {@link #expertsWith} a parameter belongs to. */
    int expertOf(Value parameter) {
        return groups.ownUnit(parameter);
    }

    private static boolean sharesAxis(Group a, Group b) {
        return a.members().stream()
                .anyMatch(m -> b.members().stream().anyMatch(n -> m.tensor() == n.tensor() && m.axis() == n.axis()));
    }

    /** All units along an axis of any value. */
    List<Place> places(Value value, int axis) {
        List<Place> places = new ArrayList<>();
        groups.along(value, axis)
                .forEach((group, runs) ->
                        places.add(new Place(units.get(group.id()), member(value, axis, group, runs))));
        return places;
    }

    private Member member(Value value, int axis, Group group, List<Member.Run> runs) {
        Member member = new Member(value, axis, runs);
        boolean ofExperts = group.members().getFirst().only() >= 0;
        return ofExperts && groups.owner(value).isPresent() ? member.only(groups.ownUnit(value)) : member;
    }

    /**
     * Entries that are left of an axis of any value when some units are gone.
     *
     * @param left how many units of each set stay
     */
    long extent(Value value, int axis, ToIntFunction<Units> left) {
        return groups.extent(value, axis, group -> left.applyAsInt(units.get(group.id())));
    }
}
