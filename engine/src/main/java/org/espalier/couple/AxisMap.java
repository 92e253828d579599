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

    private record Key(int value, int axis) {
    }

    private final Map<Key, Term> terms = new HashMap<>();
    private final Set<Integer> linked = new HashSet<>();

    /** Walks a tape. An axis that its operation says nothing about is frozen. */
    static AxisMap of(Tape tape) {
        AxisMap map = new AxisMap();
        for (Segment segment : tape.segments()) {
            for (Op op : segment.ops()) {
                op.couple(map);
                map.freezeUnstated(op);
            }
        }
        return map;
    }

    private void freezeUnstated(Op op) {
        List<Value> operands = new ArrayList<>(op.inputs());
        operands.addAll(op.outputs());
        for (Value value : operands) {
            for (int axis = 0; axis < value.shape().rank(); axis++) {
                if (!terms.containsKey(new Key(value.id(), axis))) {
                    freeze(axis(value, axis), op.kind() + " says nothing about it");
                }
            }
        }
    }

    @Override
    public Term axis(Value value, int index) {
        int axis = index < 0 ? value.shape().rank() + index : index;
        link(value);
        return terms.computeIfAbsent(new Key(value.id(), axis), k -> new Term.Var(value.shape().dim(axis)));
    }

    /** A view's axes are another reading of its root's. */
    private void link(Value value) {
        if (value.root() == value || !linked.add(value.id())) {
            return;
        }
        Value root = value.root();
        if (value.shape().elements() == root.shape().elements()) {
            Unifier.unify(whole(root), whole(value));
            return;
        }
        boolean sameInside = value.shape().rank() == root.shape().rank();
        for (int axis = 0; axis < value.shape().rank(); axis++) {
            if (axis > 0 && sameInside && value.shape().dim(axis) == root.shape().dim(axis)) {
                same(axis(root, axis), axis(value, axis));
            } else {
                freeze(axis(value, axis), "a slice");
            }
        }
        freeze(axis(root, 0), "a slice");
    }

    private Term whole(Value value) {
        List<Term> axes = new ArrayList<>();
        for (int axis = 0; axis < value.shape().rank(); axis++) {
            axes.add(axis(value, axis));
        }
        return new Term.Product(axes);
    }

    @Override
    public Axis fresh(long extent) {
        return new Term.Var(extent);
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

    private static List<Term> terms(Axis... parts) {
        return Arrays.stream(parts).map(p -> (Term) p).toList();
    }
}
