package org.espalier.tape;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
    private final Observer observer;
    private final Retention retention;
    private final List<Segment> segments;
    private final List<Entry> entries = new ArrayList<>();
    private final Map<Key, Slot> slots = new LinkedHashMap<>();
    private final Set<Value> shared = new HashSet<>();
    private final Set<Value> differentiable = new HashSet<>();
    private int forwardEntries;

    /** Of the whole tape. */
    Schedule(Tape tape, Gradients gradients, Observer observer, Retention retention) {
        this(tape, gradients, observer, retention, tape.segments());
    }

    /**
     * Of some segments only: what they take from the others is there from the beginning, what they give to others stays to
     * the end, and so do the gradients of both.
     */
    Schedule(Tape tape, Gradients gradients, Observer observer, Retention retention, List<Segment> segments) {
        this.tape = tape;
        this.gradients = gradients;
        this.observer = observer;
        this.retention = retention;
        this.segments = segments;
        findShared();
        forwardPass();
        if (retention != Retention.INFERENCE) {
            findDifferentiable();
            backwardPass();
        }
        given().forEach(v -> touch(v, 0, false, -1));
        passed().forEach(v -> touch(v, 0, false, Integer.MAX_VALUE));
        results().forEach(r -> touch(r, 0, false, Integer.MAX_VALUE));
    }

    /** The tape's results that these segments make. */
    List<Value> results() {
        Set<Value> made = outputs();
        return tape.results().stream().filter(r -> made.contains(r.root())).toList();
    }

    /** What these segments take from other ones. */
    List<Value> given() {
        Set<Value> made = outputs();
        return inputs(segments).filter(v -> shared.contains(v) && !made.contains(v)).toList();
    }

    /** What these segments make for other ones. */
    List<Value> passed() {
        Set<Value> made = outputs();
        return inputs(tape.segments().stream().filter(s -> !segments.contains(s)).toList()).filter(made::contains).toList();
    }

    private Set<Value> outputs() {
        return segments.stream().flatMap(s -> s.ops().stream()).flatMap(op -> op.outputs().stream()).map(Value::root)
                .collect(Collectors.toSet());
    }

    private static Stream<Value> inputs(List<Segment> of) {
        return of.stream().flatMap(s -> s.ops().stream()).flatMap(op -> op.inputs().stream()).map(Value::root).distinct();
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
        tape.segments().stream().flatMap(s -> s.ops().stream()).flatMap(op -> observer.gradientsRead(op).stream())
                .forEach(v -> differentiable.add(v.root()));
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
                    op.outputs().stream().filter(o -> o.element() == Element.REAL).map(Value::root)
                            .forEach(differentiable::add);
                }
            }
        }
    }

    private void forwardPass() {
        for (Segment segment : segments) {
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
            if (!segments.contains(segment)) {
                continue;
            }
            boolean again = retention == Retention.RECOMPUTE && s != last && !walk.isEmpty();
            if (again) {
                segment.ops().forEach(op -> forwardEntry(op, segment, 1));
            }
            walk.forEach(op -> backwardEntry(op, segment, again ? 1 : 0));
        }
        Stream.concat(given().stream(), passed().stream()).filter(reached::contains).forEach(v -> {
            touch(v, 0, true, forwardEntries);
            touch(v, 0, true, Integer.MAX_VALUE);
        });
    }

    /** The operations of a segment, last first, through which a wanted gradient passes. */
    private List<Op> backwardOps(Segment segment, Set<Value> reached) {
        List<Op> walk = new ArrayList<>();
        for (Op op : segment.ops().reversed()) {
            boolean begins = op.seedsGradient() || op.outputs().stream().anyMatch(o -> reached.contains(o.root()));
            List<Value> onwards = op.inputs().stream().map(Value::root).filter(differentiable::contains).toList();
            if (begins && !(onwards.isEmpty() && observer.gradientsRead(op).isEmpty())) {
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
        observer.valuesRead(op).forEach(v -> touch(v, generation, false, time));
        observer.gradientsRead(op).forEach(v -> touch(v, 0, true, time));
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
