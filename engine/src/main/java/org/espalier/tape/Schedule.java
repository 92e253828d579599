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
    private final Set<Value> reached = new HashSet<>();
    /** By segment: the operations that run backwards, in that order. */
    private final Map<Integer, List<Op>> walks = new HashMap<>();
    private int forwardEntries;

    /** Of the whole tape. */
    Schedule(Tape tape, Gradients gradients, Observer observer, Retention retention) {
        this(tape, gradients, observer, retention, tape.segments(), false);
    }

    /**
     * Of some segments only: what they take from the others is there from the beginning, what they give to others stays to
     * the end, and so do the gradients of both.
     *
     * @param again whether they have been run forwards before, so that only what the backward pass reads is computed
     */
    Schedule(Tape tape, Gradients gradients, Observer observer, Retention retention, List<Segment> segments, boolean again) {
        this.tape = tape;
        this.gradients = gradients;
        this.observer = observer;
        this.retention = retention;
        this.segments = segments;
        findShared();
        if (retention != Retention.INFERENCE) {
            findDifferentiable();
            findWalks();
        }
        forwardPass(again);
        if (retention != Retention.INFERENCE) {
            backwardPass();
        }
        given().forEach(v -> touch(v, 0, false, -1));
        if (!again) {
            passed().forEach(v -> touch(v, 0, false, Integer.MAX_VALUE));
            results().forEach(r -> touch(r, 0, false, Integer.MAX_VALUE));
        }
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

    private void findWalks() {
        tape.segments().reversed().forEach(segment -> walks.put(segment.index(), backwardOps(segment)));
    }

    private void forwardPass(boolean again) {
        for (Segment segment : segments) {
            (again ? neededAgain(segment) : segment.ops()).forEach(op -> forwardEntry(op, segment, 0));
        }
        forwardEntries = entries.size();
    }

    private void backwardPass() {
        for (Segment segment : segments.reversed()) {
            boolean again = retention == Retention.RECOMPUTE && segment.index() != tape.segments().size() - 1;
            if (again) {
                neededAgain(segment).forEach(op -> forwardEntry(op, segment, 1));
            }
            walks.get(segment.index()).forEach(op -> backwardEntry(op, segment, again ? 1 : 0));
        }
        Stream.concat(given().stream(), passed().stream()).filter(reached::contains).forEach(v -> {
            touch(v, 0, true, forwardEntries);
            touch(v, 0, true, Integer.MAX_VALUE);
        });
    }

    /** The operations of a segment whose outputs its backward steps read, themselves or by way of other operations. */
    private List<Op> neededAgain(Segment segment) {
        Set<Value> read = new HashSet<>();
        for (Op op : walks.get(segment.index())) {
            Stream.concat(op.backwardReads().stream(), observer.valuesRead(op).stream()).forEach(v -> read.add(v.root()));
        }
        List<Op> needed = new ArrayList<>();
        for (Op op : segment.ops().reversed()) {
            if (op.outputs().stream().anyMatch(o -> read.contains(o.root()))) {
                needed.addFirst(op);
                op.inputs().forEach(i -> read.add(i.root()));
            }
        }
        return needed;
    }

    /** The operations of a segment, last first, through which a wanted gradient passes; later segments must be done. */
    private List<Op> backwardOps(Segment segment) {
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
