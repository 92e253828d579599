package org.espalier.tape;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The order in which a tape's operations run, forwards and backwards, and from when to when each number must be there.
 * With {@link Retention#RECOMPUTE} a value inside a segment exists twice: generation 0 in the forward pass, generation 1
 * when its segment is computed again.
 */
final class Schedule {

    /** One operation in one direction. */
    record Entry(Op op, Segment segment, boolean backward, int generation) {}

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

    private record Key(int root, int generation, boolean gradient) {}

    private final Flow flow;
    private final Retention retention;
    private final List<Segment> segments;
    private final Set<Value> made;
    private final List<Entry> entries = new ArrayList<>();
    private final Map<Key, Slot> slots = new LinkedHashMap<>();
    private int forwardEntries;

    /** Of the whole tape. */
    Schedule(Tape tape, Gradients gradients, Observer observer, Retention retention) {
        this(new Flow(tape, gradients, observer), retention, tape.segments(), false);
    }

    /**
     * Of some segments only: what they take from the others is there from the beginning, what they give to others stays to
     * the end, and so do the gradients of both.
     *
     * @param again whether they have been run forwards before, so that only what the backward pass reads is computed
     */
    Schedule(Flow flow, Retention retention, List<Segment> segments, boolean again) {
        this.flow = flow;
        this.retention = retention;
        this.segments = segments;
        this.made = values(op -> op.outputs().stream());
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
        return flow.tape().results().stream()
                .filter(r -> made.contains(r.root()))
                .toList();
    }

    /** What these segments take from other ones. */
    List<Value> given() {
        return values(op -> op.inputs().stream()).stream()
                .filter(v -> flow.shared(v) && !made.contains(v))
                .toList();
    }

    /** What these segments make for other ones. */
    List<Value> passed() {
        return made.stream()
                .filter(v -> flow.use(v).last() > segments.getLast().index())
                .toList();
    }

    private Set<Value> values(Function<Op, Stream<Value>> operands) {
        return segments.stream()
                .flatMap(s -> s.ops().stream())
                .flatMap(operands)
                .map(Value::root)
                .collect(Collectors.toCollection(LinkedHashSet::new));
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
        return flow.wanted(value);
    }

    private void forwardPass(boolean again) {
        for (Segment segment : segments) {
            (again ? flow.neededAgain(segment) : segment.ops()).forEach(op -> forwardEntry(op, segment, 0));
        }
        forwardEntries = entries.size();
    }

    private void backwardPass() {
        for (Segment segment : segments.reversed()) {
            boolean again = retention == Retention.RECOMPUTE
                    && segment.index() != flow.tape().segments().size() - 1;
            if (again) {
                flow.neededAgain(segment).forEach(op -> forwardEntry(op, segment, 1));
            }
            flow.walk(segment.index()).forEach(op -> backwardEntry(op, segment, again ? 1 : 0));
        }
        Stream.concat(given().stream(), passed().stream()).filter(flow::reached).forEach(v -> {
            touch(v, 0, true, forwardEntries);
            touch(v, 0, true, Integer.MAX_VALUE);
        });
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
        flow.observer().valuesRead(op).forEach(v -> touch(v, generation, false, time));
        flow.observer().gradientsRead(op).forEach(v -> touch(v, 0, true, time));
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
        return flow.shared(root) ? 0 : generation;
    }
}
