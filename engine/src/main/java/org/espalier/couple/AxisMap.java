package org.espalier.couple;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.tape.Coupling;
import org.espalier.tape.Op;
import org.espalier.tape.Segment;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/** The term of every axis of every value of a tape, as its operations state it. */
final class AxisMap implements Coupling {

    private record Key(int value, int axis) {}

    private final Map<Key, Term> terms = new HashMap<>();
    private final Set<Value> linked = new HashSet<>();
    private final Map<Value, Belonging> belongings = new HashMap<>();
    /** By its tokens; a tape has one as a rule. */
    private final Map<Long, Term.Var> vocabularies = new HashMap<>();
    /** Axes that the operation walked over has spoken of so far. */
    private final Set<Key> stated = new HashSet<>();

    /**
     * What a value belongs to.
     *
     * @param experts an axis, or a composition with it
     * @param unit    of that axis
     */
    private record Belonging(Term experts, int unit) {

        /** The axis, or null if it has but one unit or cannot lose any. */
        Term.Var axis() {
            return experts.variables().stream()
                    .filter(var -> var.uses().contains(Use.EXPERTS) && var.frozen() == null && var.extent() > 1)
                    .findFirst()
                    .orElse(null);
        }
    }

    /**
     * Walks a tape. An axis that any of the operations on it says nothing about is frozen, and so is what the tape takes
     * from outside and gives back.
     */
    static AxisMap of(Tape tape) {
        AxisMap map = new AxisMap();
        for (Segment segment : tape.segments()) {
            for (Op op : segment.ops()) {
                map.stated.clear();
                op.couple(map);
                map.freezeUnstated(op);
            }
        }
        tape.leaves(Value.Role.INPUT).forEach(input -> map.freeze(input, "an input"));
        tape.results().forEach(map::freezeResult);
        map.freezeUnused(tape);
        return map;
    }

    private void freezeUnstated(Op op) {
        List<Value> operands = new ArrayList<>(op.inputs());
        operands.addAll(op.outputs());
        for (Value value : operands) {
            for (int axis = 0; axis < value.shape().rank(); axis++) {
                if (!stated.contains(new Key(value.id(), axis))) {
                    freeze(term(value, axis), op.kind() + " says nothing about it");
                }
            }
        }
    }

    private void freeze(Value value, String reason) {
        for (int axis = 0; axis < value.shape().rank(); axis++) {
            freeze(term(value, axis), reason);
        }
    }

    /** Whoever reads predictions knows which tokens there are. */
    private void freezeResult(Value result) {
        for (int axis = 0; axis < result.shape().rank(); axis++) {
            Term term = term(result, axis);
            if (term.variables().stream().noneMatch(var -> var.uses().contains(Use.TOKENS))) {
                freeze(term, "a result");
            }
        }
    }

    private void freezeUnused(Tape tape) {
        for (Value leaf : tape.leaves()) {
            for (int axis = 0; axis < leaf.shape().rank(); axis++) {
                if (!terms.containsKey(new Key(leaf.id(), axis))) {
                    freeze(term(leaf, axis), "no operation uses it");
                }
            }
        }
    }

    @Override
    public Term axis(Value value, int index) {
        int axis = index < 0 ? value.shape().rank() + index : index;
        stated.add(new Key(value.id(), axis));
        return term(value, axis);
    }

    /** The term of an axis, without a word of any operation about it. */
    Term term(Value value, int axis) {
        if (value.base() != value && linked.add(value)) {
            link(value, value.base());
        }
        return terms.computeIfAbsent(
                new Key(value.id(), axis), k -> new Term.Var(value.shape().dim(axis)));
    }

    /** A view's axes are another reading of those of the value it is a view of. */
    private void link(Value view, Value base) {
        if (view.shape().elements() == base.shape().elements()) {
            Unifier.unify(whole(base), whole(view));
            return;
        }
        long entry = base.shape().elements() / base.shape().dim(0);
        long before = (view.start() - base.start()) / entry;
        long after = base.shape().dim(0) - before - view.shape().dim(0);
        same(term(base, 0), sum(fresh(before), term(view, 0), fresh(after)));
        for (int axis = 1; axis < view.shape().rank(); axis++) {
            same(term(base, axis), term(view, axis));
        }
    }

    private Term whole(Value value) {
        List<Term> axes = new ArrayList<>();
        for (int axis = 0; axis < value.shape().rank(); axis++) {
            axes.add(term(value, axis));
        }
        return new Term.Product(axes);
    }

    @Override
    public Axis fresh(long extent) {
        return new Term.Var(extent);
    }

    @Override
    public Axis vocabulary(long tokens) {
        return vocabularies.computeIfAbsent(tokens, extent -> {
            Term.Var vocabulary = new Term.Var(extent);
            vocabulary.uses().add(Use.TOKENS);
            return vocabulary;
        });
    }

    @Override
    public Axis product(Axis... parts) {
        return new Term.Product(terms(parts));
    }

    @Override
    public Axis sum(Axis... parts) {
        return new Term.Sum(terms(parts));
    }

    @Override
    public void same(Axis a, Axis b) {
        Unifier.unify((Term) a, (Term) b);
    }

    @Override
    public void freeze(Axis axis, String reason) {
        Unifier.freeze((Term) axis, reason);
    }

    @Override
    public void use(Axis axis, Use use) {
        ((Term) axis).variables().forEach(v -> v.uses().add(use));
    }

    @Override
    public void tie(Axis halves) {
        ((Term) halves).variables().forEach(Term.Var::tie);
    }

    @Override
    public void keepAtLeast(Axis axis, long units) {
        ((Term) axis).variables().forEach(v -> v.keepAtLeast(units));
    }

    @Override
    public void belongs(Value value, Axis experts, int unit) {
        belongings.put(value.root(), new Belonging((Term) experts, unit));
    }

    /** The axis of which a value belongs to one unit, or null. */
    Term.Var owner(Value value) {
        Belonging belonging = belongings.get(value.root());
        return belonging == null ? null : belonging.axis();
    }

    /** The unit that a value belongs to, of its {@link #owner}. */
    int unit(Value value) {
        return belongings.get(value.root()).unit();
    }

    private static List<Term> terms(Axis... parts) {
        return Arrays.stream(parts).map(p -> (Term) p).toList();
    }
}
