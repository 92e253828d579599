package org.espalier.tape;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The order in which a tape's operations run, forwards and backwards, and from when to when each number must be there.
 * With {@link Retention#RECOMPUTE} a value inside a segment exists twice: generation 0 in the forward pass, generation 1
 * when its segment is computed again.
 */
final class Schedule {

    /** One operation in one direction. */
    record Entry(Op op, Segment segment, boolean backward, int generation) {
    }

    /** The storage of one activation, or of its gradient, while it is alive. */
    static final class Slot {
        final Value root;
        final boolean gradient;
        int first = Integer.MAX_VALUE;
        int last = -1;
        long offset = -1;

        Slot(Value root, boolean gradient) {
            this.root = root;
            this.gradient = gradient;
        }
    }

    private record Key(int root, int generation, boolean gradient) {
    }

    private final Tape tape;
    private final Gradients gradients;
    private final Retention retention;
    private final List<Entry> entries = new ArrayList<>();
    private final Map<Key, Slot> slots = new LinkedHashMap<>();
    private final Set<Value> shared = new HashSet<>();
    private final Set<Value> differentiable = new HashSet<>();
    private int forwardEntries;

    Schedule(Tape tape, Gradients gradients, Retention retention) {
        this.tape = tape;
        this.gradients = gradients;
        this.retention = retention;
        findShared();
        forwardPass();
        if (retention != Retention.INFERENCE) {
            findDifferentiable();
            backwardPass();
        }
        tape.results().forEach(r -> touch(r, 0, false, Integer.MAX_VALUE));
    }

    List<Entry> forward() {
        return entries.subList(0, forwardEntries);
    }

    /** The backward pass, with what it computes again. */
    List<Entry> backward() {
        return entries.subList(forwardEntries, entries.size());
    }

    /** All storage that is needed. */
    Iterable<Slot> slots() {
        return slots.values();
    }

    /** Where a value of this generation is kept. */
    Slot slot(Value value, int generation) {
        return slots.get(new Key(value.root().id(), generationOf(value.root(), generation), false));
    }

    /** Where a value's gradient is kept, or null if it has none. */
    Slot gradientSlot(Value value) {
        return slots.get(new Key(value.root().id(), 0, true));
    }

    /** Whether the gradient of this operand is to be computed. */
    boolean wanted(Value value) {
        return differentiable.contains(value.root());
    }

    /** Values that pass from one segment to another, and results, exist once. */
    private void findShared() {
        Map<Value, Segment> producer = new HashMap<>();
        for (Segment segment : tape.segments()) {
            for (Op op : segment.ops()) {
                for (Value input : op.inputs()) {
                    Segment from = producer.get(input.root());
                    if (from != null && from != segment) {
                        shared.add(input.root());
                    }
                }
                op.outputs().forEach(o -> producer.putIfAbsent(o.root(), segment));
            }
        }
        tape.results().forEach(r -> shared.add(r.root()));
    }

    private void findDifferentiable() {
        for (Segment segment : tape.segments()) {
            for (Op op : segment.ops()) {
                boolean any = false;
                for (Value input : op.inputs()) {
                    if (input.role() == Value.Role.PARAMETER && gradients.wanted(input.root())) {
                        differentiable.add(input.root());
                    }
                    any |= differentiable.contains(input.root());
                }
                if (any) {
                    op.outputs().stream().filter(o -> o.element() == Element.REAL).forEach(o -> differentiable.add(o.root()));
                }
            }
        }
    }

    private void forwardPass() {
        for (Segment segment : tape.segments()) {
            segment.ops().forEach(op -> forwardEntry(op, segment, 0));
        }
        forwardEntries = entries.size();
    }

    private void backwardPass() {
        Set<Value> reached = new HashSet<>();
        int last = tape.segments().size() - 1;
        for (int s = last; s >= 0; s--) {
            Segment segment = tape.segments().get(s);
            List<Op> walk = backwardOps(segment, reached);
            boolean again = retention == Retention.RECOMPUTE && s != last && !walk.isEmpty();
            if (again) {
                segment.ops().forEach(op -> forwardEntry(op, segment, 1));
            }
            walk.forEach(op -> backwardEntry(op, segment, again ? 1 : 0));
        }
    }

    /** The operations of a segment, last first, through which a wanted gradient passes. */
    private List<Op> backwardOps(Segment segment, Set<Value> reached) {
        List<Op> walk = new ArrayList<>();
        for (Op op : segment.ops().reversed()) {
            boolean begins = op.seedsGradient() || op.outputs().stream().anyMatch(o -> reached.contains(o.root()));
            List<Value> onwards = op.inputs().stream().map(Value::root).filter(differentiable::contains).toList();
            if (begins && !onwards.isEmpty()) {
                walk.add(op);
                reached.addAll(onwards);
            }
        }
        return walk;
    }

    private void forwardEntry(Op op, Segment segment, int generation) {
        int time = entries.size();
        entries.add(new Entry(op, segment, false, generation));
        op.inputs().forEach(v -> touch(v, generation, false, time));
        op.outputs().forEach(v -> touch(v, generation, false, time));
    }

    private void backwardEntry(Op op, Segment segment, int generation) {
        int time = entries.size();
        entries.add(new Entry(op, segment, true, generation));
        op.backwardReads().forEach(v -> touch(v, generation, false, time));
        if (!op.seedsGradient()) {
            op.outputs().stream().filter(o -> gradientSlot(o) != null).forEach(o -> touch(o, 0, true, time));
        }
        op.inputs().stream().filter(this::wanted).forEach(v -> touch(v, 0, true, time));
    }

    private void touch(Value value, int generation, boolean gradient, int time) {
        Value root = value.root();
        if (root.role() != Value.Role.ACTIVATION) {
            return;
        }
        Key key = new Key(root.id(), gradient ? 0 : generationOf(root, generation), gradient);
        Slot slot = slots.computeIfAbsent(key, k -> new Slot(root, gradient));
        slot.first = Math.min(slot.first, time);
        slot.last = Math.max(slot.last, time);
    }

    private int generationOf(Value root, int generation) {
        return shared.contains(root) ? 0 : generation;
    }
}
