package org.espalier.tape;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** How values pass between the segments of a tape, and through which operations gradients pass backwards. */
final class Flow {

    /**
     * The segments that make a value, read it first and read it last.
     *
     * @param source  index of the segment
     * @param first index, or the largest number if nobody reads it
     * @param last  index, or −1
     */
    record Use(int source, int first, int last) {

        private Use readBy(int segment) {
            return new Use(source, Math.min(first, segment), Math.max(last, segment));
        }

        /** Whether another segment than the one that makes it reads it. */
        boolean passes() {
            return last > source;
        }
    }

    private final Tape tape;
    private final Gradients gradients;
    private final Observer observer;
    private final Map<Value, Use> uses = new HashMap<>();
    private final Set<Value> results = new HashSet<>();
    private final Set<Value> differentiable = new HashSet<>();
    private final Set<Value> reached = new HashSet<>();
    private final List<List<Op>> walks = new ArrayList<>();

    Flow(Tape tape, Gradients gradients, Observer observer) {
        this.tape = tape;
        this.gradients = gradients;
        this.observer = observer;
        findUses();
        findDifferentiable();
        tape.segments().reversed().forEach(segment -> walks.addFirst(walk(segment)));
    }

    Tape tape() {
        return tape;
    }

    Observer observer() {
        return observer;
    }

    /** The segments that use an activation. */
    Use use(Value value) {
        return uses.get(value.root());
    }

    /** All activations that pass from one segment to another. */
    Stream<Value> passing() {
        return uses.entrySet().stream().filter(e -> e.getValue().passes()).map(Map.Entry::getKey);
    }

    /** Whether a value passes from one segment to another or is a result, so that it exists once. */
    boolean shared(Value value) {
        Use use = use(value);
        return use != null && use.passes() || results.contains(value.root());
    }

    /** Whether the gradient of this operand is to be computed. */
    boolean wanted(Value value) {
        return differentiable.contains(value.root());
    }

    /** Whether a gradient comes to this value on the way back. */
    boolean reached(Value value) {
        return reached.contains(value.root());
    }

    /** The operations of a segment that run backwards, in that order. */
    List<Op> walk(int segment) {
        return walks.get(segment);
    }

    /** The operations of a segment whose outputs its backward steps read, themselves or by way of other operations. */
    List<Op> neededAgain(Segment segment) {
        Set<Value> read = new HashSet<>();
        for (Op op : walk(segment.index())) {
            Stream.concat(op.backwardReads().stream(), observer.valuesRead(op).stream())
                    .forEach(v -> read.add(v.root()));
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

    private void findUses() {
        for (Segment segment : tape.segments()) {
            for (Op op : segment.ops()) {
                op.inputs().forEach(i -> uses.computeIfPresent(i.root(), (v, use) -> use.readBy(segment.index())));
                op.outputs().forEach(o -> uses.putIfAbsent(o.root(), new Use(segment.index(), Integer.MAX_VALUE, -1)));
            }
        }
        tape.results().forEach(r -> results.add(r.root()));
    }

    private void findDifferentiable() {
        tape.segments().stream()
                .flatMap(s -> s.ops().stream())
                .flatMap(op -> observer.gradientsRead(op).stream())
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
                    op.outputs().stream()
                            .filter(o -> o.element() == Element.REAL)
                            .map(Value::root)
                            .forEach(differentiable::add);
                }
            }
        }
    }

    /** The operations of a segment, last first, through which a wanted gradient passes; later segments must be done. */
    private List<Op> walk(Segment segment) {
        List<Op> walk = new ArrayList<>();
        for (Op op : segment.ops().reversed()) {
            boolean begins = op.seedsGradient() || op.outputs().stream().anyMatch(this::reached);
            List<Value> onwards = op.inputs().stream()
                    .map(Value::root)
                    .filter(differentiable::contains)
                    .toList();
            if (begins && !(onwards.isEmpty() && observer.gradientsRead(op).isEmpty())) {
                walk.add(op);
                reached.addAll(onwards);
            }
        }
        return walk;
    }
}
