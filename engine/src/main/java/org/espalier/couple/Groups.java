package org.espalier.couple;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ObjIntConsumer;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.espalier.tape.Coupling.Use;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/** Finds the dependency groups of a tape: every variable that unification left free and that a parameter has. */
public final class Groups {

    /**
     * Units that cannot be removed.
     *
     * @param tensor a parameter
     * @param axis   0 for rows, 1 for columns
     * @param units  how many of them the axis has, or a part of it
     * @param whole  whether nothing of the axis can be removed; else it is a part or a factor of the axis
     * @param reason why
     */
    public record Frozen(Value tensor, int axis, long units, boolean whole, String reason) {}

    private final AxisMap axes;
    private final List<Group> groups = new ArrayList<>();
    private final Map<Term.Var, Group> byVariable = new HashMap<>();
    private final List<Frozen> frozen = new ArrayList<>();
    private Group vocabulary;

    private Groups(AxisMap axes) {
        this.axes = axes;
    }

    /** The groups of a tape, in the order in which its parameters are first used. */
    public static Groups of(Tape tape) {
        AxisMap axes = AxisMap.of(tape);
        Groups found = new Groups(axes);
        forEachAxis(
                tape,
                (leaf, axis) ->
                        axes.term(leaf, axis).squared().forEach(v -> v.freeze("an axis runs through it twice")));
        Map<Term.Var, List<Member>> members = new LinkedHashMap<>();
        forEachAxis(tape, (leaf, axis) -> found.collect(leaf, axis, axes.term(leaf, axis), members));
        Map<Term.Var, List<Member>> owned = found.owned(tape, members);
        owned.forEach((var, all) -> {
            if (!isVocabulary(var)) {
                found.add(var, all);
            }
        });
        owned.keySet().stream()
                .filter(Groups::isVocabulary)
                .findFirst()
                .ifPresent(var -> found.addVocabulary(var, owned.get(var)));
        return found;
    }

    private static void forEachAxis(Tape tape, ObjIntConsumer<Value> action) {
        for (Value leaf : tape.leaves()) {
            if (leaf.role() == Value.Role.PARAMETER || leaf.role() == Value.Role.CONSTANT) {
                for (int axis = 0; axis < leaf.shape().rank(); axis++) {
                    action.accept(leaf, axis);
                }
            }
        }
    }

    /** Units that can be removed, in the order in which the tape first uses their parameters. */
    public List<Group> groups() {
        return List.copyOf(groups);
    }

    /**
     * The tokens that the tokenizer knows, if it is their axis that parameters have: the group after all others. Its units have
     * no scores and stay unless somebody asks for them to go, because the tokenizer has to be changed with them.
     */
    public Optional<Group> vocabulary() {
        return Optional.ofNullable(vocabulary);
    }

    /** What of the parameters' axes cannot be removed, or not without the tokenizer, with the reasons. */
    public List<Frozen> frozen() {
        return List.copyOf(frozen);
    }

    /** Where the units of every group lie along an axis of any value of the tape. */
    Map<Group, List<Member.Run>> along(Value value, int axis) {
        Term term = axes.term(value, axis);
        Map<Group, List<Member.Run>> along = new LinkedHashMap<>();
        term.variables().stream()
                .distinct()
                .filter(byVariable::containsKey)
                .forEach(var -> along.put(byVariable.get(var), Layout.runs(term, var)));
        return along;
    }

    /** Entries of an axis of any value when every group has so many units. */
    long extent(Value value, int axis, ToLongFunction<Group> units) {
        return extent(axes.term(value, axis), units);
    }

    private long extent(Term term, ToLongFunction<Group> units) {
        return switch (term.resolved()) {
            case Term.Var var -> byVariable.containsKey(var) ? units.applyAsLong(byVariable.get(var)) : var.extent();
            case Term.Product product ->
                product.factors().stream()
                        .mapToLong(factor -> extent(factor, units))
                        .reduce(1, (a, b) -> a * b);
            case Term.Sum sum ->
                sum.summands().stream()
                        .mapToLong(summand -> extent(summand, units))
                        .sum();
        };
    }

    private void collect(Value leaf, int axis, Term term, Map<Term.Var, List<Member>> members) {
        List<Term.Var> variables =
                term.variables().stream().distinct().filter(v -> v.extent() > 1).toList();
        boolean whole = variables.stream().noneMatch(v -> reason(v) == null);
        for (Term.Var var : variables) {
            if (var.frozen() == null) {
                members.computeIfAbsent(var, v -> new ArrayList<>())
                        .add(new Member(leaf, axis, Layout.runs(term, var)));
            }
            if (reason(var) != null && leaf.role() == Value.Role.PARAMETER) {
                frozen.add(new Frozen(leaf, axis, var.extent(), whole, reason(var)));
            }
        }
    }

    /** Why nobody removes units of it, or null. */
    private static String reason(Term.Var var) {
        return isVocabulary(var) ? "the vocabulary is the tokenizer's" : var.frozen();
    }

    private static boolean isVocabulary(Term.Var var) {
        return var.uses().contains(Use.TOKENS);
    }

    /**
     * The same with what belongs to experts: a variable that only their weights have is in each of these a set of units of
     * its own, and the experts have every such weight whole.
     */
    private Map<Term.Var, List<Member>> owned(Tape tape, Map<Term.Var, List<Member>> members) {
        Map<Term.Var, List<Member>> owned = new LinkedHashMap<>();
        members.forEach((var, all) -> {
            Term.Var owner = commonOwner(all);
            owned.put(
                    var,
                    owner == null
                            ? new ArrayList<>(all)
                            : all.stream()
                                    .map(m -> m.only(axes.unit(m.tensor())))
                                    .toList());
        });
        for (Value leaf : tape.leaves(Value.Role.PARAMETER)) {
            Term.Var experts = axes.owner(leaf);
            if (experts != null && owned.containsKey(experts)) {
                owned.get(experts).add(whole(leaf, members));
            }
        }
        return owned;
    }

    private Term.Var commonOwner(List<Member> members) {
        Term.Var owner = axes.owner(members.getFirst().tensor());
        return members.stream().allMatch(m -> axes.owner(m.tensor()) == owner) ? owner : null;
    }

    /** A whole tensor as one unit, along the axis that only tensors of experts have. */
    private Member whole(Value leaf, Map<Term.Var, List<Member>> members) {
        int axis = IntStream.range(0, leaf.shape().rank())
                .filter(a -> axes.term(leaf, a).variables().stream()
                        .anyMatch(var -> members.containsKey(var) && commonOwner(members.get(var)) != null))
                .findFirst()
                .orElse(0);
        long extent = leaf.shape().dim(axis);
        return new Member(leaf, axis, List.of(new Member.Run(0, 1, extent, extent)), axes.unit(leaf));
    }

    /** The experts of which a parameter belongs to one, if they may go. */
    Optional<Group> owner(Value parameter) {
        return Optional.ofNullable(axes.owner(parameter)).map(byVariable::get);
    }

    /** The expert that a parameter belongs to. */
    int ownUnit(Value parameter) {
        return axes.unit(parameter);
    }

    private void add(Term.Var var, List<Member> members) {
        group(var, members).ifPresent(group -> {
            groups.add(group);
            byVariable.put(var, group);
        });
    }

    private void addVocabulary(Term.Var var, List<Member> members) {
        group(var, members).ifPresent(group -> {
            vocabulary = group;
            byVariable.put(var, group);
        });
    }

    /** Empty where no parameter has it. */
    private Optional<Group> group(Term.Var var, List<Member> members) {
        if (members.stream().noneMatch(m -> m.tensor().role() == Value.Role.PARAMETER)) {
            return Optional.empty();
        }
        Group.Role role = role(var.uses());
        return Optional.of(new Group(
                groups.size(),
                name(role, members),
                role,
                var.extent(),
                sets(role, members),
                var.least(),
                var.tied(),
                var.uses().contains(Use.NORMALISED),
                members));
    }

    private long sets(Group.Role role, List<Member> members) {
        if (role != Group.Role.EXPERTS && members.getFirst().only() >= 0) {
            return axes.owner(members.getFirst().tensor()).extent();
        }
        return role == Group.Role.QUERY_HEADS ? sets(members) : 1;
    }

    /** As many as there are key/value heads if their query heads lie together everywhere, else 1. */
    private long sets(List<Member> members) {
        Member first = members.getFirst();
        long heads = axes.term(first.tensor(), first.axis()).variables().stream()
                .distinct()
                .filter(v -> v.uses().contains(Use.HEADS) && !v.uses().contains(Use.QUERIES_PER_HEAD))
                .mapToLong(Term::extent)
                .reduce(1, (a, b) -> a * b);
        boolean together = members.stream()
                .allMatch(m -> m.runs().size() == 1 && m.runs().getFirst().outer() == heads);
        return together ? heads : 1;
    }

    private static Group.Role role(Set<Use> uses) {
        if (uses.contains(Use.EXPERTS)) {
            return Group.Role.EXPERTS;
        }
        if (uses.contains(Use.TOKENS)) {
            return Group.Role.TOKENS;
        }
        if (uses.contains(Use.QUERIES_PER_HEAD)) {
            return Group.Role.QUERY_HEADS;
        }
        if (uses.contains(Use.HEADS)) {
            return Group.Role.HEADS;
        }
        if (uses.contains(Use.CONTRACTED)) {
            return Group.Role.HEAD_DIMENSIONS;
        }
        if (uses.contains(Use.VALUE)) {
            return Group.Role.VALUE_DIMENSIONS;
        }
        return uses.contains(Use.NORMALISED) ? Group.Role.CHANNELS : Group.Role.NEURONS;
    }

    /** What the members' names have in common, for people only: nothing is decided by it. */
    private static String name(Group.Role role, List<Member> members) {
        String common = null;
        for (Member member : members) {
            if (member.tensor().role() == Value.Role.PARAMETER) {
                common = common == null
                        ? member.tensor().name()
                        : prefix(common, member.tensor().name());
            }
        }
        String stem = common.substring(0, Math.max(0, common.lastIndexOf('.') + 1));
        return stem + role.name().toLowerCase(Locale.ROOT);
    }

    private static String prefix(String a, String b) {
        int length = 0;
        while (length < Math.min(a.length(), b.length()) && a.charAt(length) == b.charAt(length)) {
            length++;
        }
        return a.substring(0, length);
    }
}
