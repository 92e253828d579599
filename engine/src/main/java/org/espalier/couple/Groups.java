package org.espalier.couple;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.espalier.tape.Coupling.Use;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/** Finds the dependency groups of a tape: every variable that unification left free and that a parameter has. */
public final class Groups {

    /**
     * An axis no unit of which can be removed.
     *
     * @param tensor a parameter
     * @param axis   0 for rows, 1 for columns
     * @param reason why
     */
    public record Frozen(Value tensor, int axis, String reason) {
    }

    private final List<Group> groups = new ArrayList<>();
    private final List<Frozen> frozen = new ArrayList<>();

    private Groups() {
    }

    /** The groups of a tape, in the order in which its parameters are first used. */
    public static Groups of(Tape tape) {
        Groups found = new Groups();
        AxisMap axes = AxisMap.of(tape);
        Map<Term.Var, List<Member>> members = new LinkedHashMap<>();
        for (Value leaf : tape.leaves()) {
            if (leaf.role() == Value.Role.PARAMETER || leaf.role() == Value.Role.CONSTANT) {
                for (int axis = 0; axis < leaf.shape().rank(); axis++) {
                    found.collect(leaf, axis, axes.axis(leaf, axis), members);
                }
            }
        }
        members.forEach(found::add);
        return found;
    }

    public List<Group> groups() {
        return List.copyOf(groups);
    }

    /** Axes of parameters that stay whole, with the reasons. */
    public List<Frozen> frozen() {
        return List.copyOf(frozen);
    }

    private void collect(Value leaf, int axis, Term term, Map<Term.Var, List<Member>> members) {
        for (Term.Var var : term.variables().stream().distinct().toList()) {
            if (var.frozen() == null && var.extent() > 1) {
                members.computeIfAbsent(var, v -> new ArrayList<>()).add(new Member(leaf, axis, runs(term, var)));
            } else if (var.frozen() != null && var.extent() > 1 && leaf.role() == Value.Role.PARAMETER) {
                frozen.add(new Frozen(leaf, axis, var.frozen()));
            }
        }
    }

    /** Where a variable's units lie along an axis: the mixed radix of the axis's factors, in each of its summands. */
    private static List<Member.Run> runs(Term term, Term.Var var) {
        List<Member.Run> runs = new ArrayList<>();
        long offset = 0;
        for (Term summand : term.summands()) {
            long outer = 1;
            long inner = summand.extent();
            for (Term factor : summand.factors()) {
                inner /= factor.extent();
                if (factor == var) {
                    runs.add(new Member.Run(offset, outer, inner));
                }
                outer *= factor.extent();
            }
            offset += summand.extent();
        }
        return runs;
    }

    private void add(Term.Var var, List<Member> members) {
        boolean scored = members.stream().anyMatch(m -> m.tensor().role() == Value.Role.PARAMETER);
        boolean everywhere = members.stream().noneMatch(m -> m.runs().isEmpty());
        if (scored && everywhere) {
            Group.Role role = role(var.uses());
            groups.add(new Group(groups.size(), name(role, members), role, var.extent(), var.tied(), members));
        }
    }

    private static Group.Role role(Set<Use> uses) {
        if (uses.contains(Use.NORMALISED)) {
            return Group.Role.CHANNELS;
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
        return uses.contains(Use.VALUE) ? Group.Role.VALUE_DIMENSIONS : Group.Role.NEURONS;
    }

    /** What the members' names have in common, for people only: nothing is decided by it. */
    private static String name(Group.Role role, List<Member> members) {
        String common = null;
        for (Member member : members) {
            if (member.tensor().role() == Value.Role.PARAMETER) {
                common = common == null ? member.tensor().name() : prefix(common, member.tensor().name());
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
