package org.espalier.tape;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.Supplier;
import org.espalier.tensor.Shape;

/**
 * A forward pass, recorded once as a list of operations in segments. Recording needs shapes only: no weights, no data, no
 * device. The same record is executed, differentiated, walked for dependency groups and counted.
 */
public final class Tape {

    private final List<Value> values = new ArrayList<>();
    private final List<Segment> segments = new ArrayList<>();
    private final Map<String, Value> named = new LinkedHashMap<>();
    private final List<Value> results = new ArrayList<>();
    private final List<Branch> branches = new ArrayList<>();
    /** What the names of leaves begin with, at present. */
    private String prefix = "";
    /** Every operation, in order. */
    private final List<Op> recorded = new ArrayList<>();
    /** Root values to the operations that write them or parts of them, as ascending indices. */
    private final Map<Value, List<Integer>> writers = new HashMap<>();

    /** Begins a segment that belongs to no layer; operations recorded from now on belong to it. */
    public void segment(String name) {
        segment(name, -1);
    }

    /** Begins the segment of a layer, counted from 0. */
    public void layer(int layer) {
        segment("layer " + layer, layer);
    }

    void segment(String name, int layer) {
        segments.add(new Segment(segments.size(), name, layer, new ArrayList<>()));
    }

    /**
     * Notes that a sum, which is recorded already, adds a branch of the present layer onto the residual stream.
     *
     * @param source what the branch reads
     * @param stream what goes on where the branch is left out
     * @param onto   what {@code output} is added onto, with its factor
     */
    public void branch(
            Branch.Kind kind, Value source, Value stream, Value onto, Value output, double factor, Value sum) {
        int layer = segments.getLast().layer();
        if (layer < 0) {
            throw new IllegalStateException("branch: '" + segments.getLast().name() + "' is no layer");
        }
        List.of(source, stream, onto, output, sum).forEach(this::check);
        branches.add(new Branch(branches.size(), kind, layer, source, stream, onto, output, factor, sum));
    }

    /** A value given for every run. */
    public Value input(String name, Element element, long... dims) {
        return leaf(prefix + name, Value.Role.INPUT, element, Shape.of(dims));
    }

    /** A weight. The same name is the same value everywhere, which is all that tying needs. */
    public Value parameter(String name, long... dims) {
        return leaf(prefix + name, Value.Role.PARAMETER, Element.REAL, Shape.of(dims));
    }

    /** Fixed numbers that are no weights. */
    public Value constant(String name, long... dims) {
        return leaf(prefix + name, Value.Role.CONSTANT, Element.REAL, Shape.of(dims));
    }

    /**
     * Records a part of a second model beside the first: the names of the leaves that it asks for, inputs as well, begin with
     * {@code owner}.
     */
    public <T> T beside(String owner, Supplier<T> part) {
        String before = prefix;
        prefix = owner;
        try {
            return part.get();
        } finally {
            prefix = before;
        }
    }

    /** Numbers that stay between runs. */
    public Value state(String name, long... dims) {
        return leaf(name, Value.Role.STATE, Element.REAL, Shape.of(dims));
    }

    /** A new value for an operation to write. */
    public Value activation(String name, Element element, long... dims) {
        return add(new Value(values.size(), name, Value.Role.ACTIVATION, element, Shape.of(dims)));
    }

    /** The same numbers under other extents. */
    public Value view(Value base, long... dims) {
        Shape shape = Shape.of(dims);
        if (shape.elements() != base.shape().elements()) {
            throw new IllegalArgumentException("view: " + base + " has not the entries of " + shape);
        }
        return add(base.view(values.size(), 0, shape));
    }

    /** Entries {@code start} to {@code end} of the first axis. */
    public Value slice(Value base, long start, long end) {
        long[] dims = base.shape().toArray();
        if (start < 0 || end < start || end > dims[0]) {
            throw new IllegalArgumentException("slice: no entries " + start + " to " + end + " in " + base);
        }
        long entry = base.shape().elements() / Math.max(1, dims[0]);
        dims[0] = end - start;
        return add(base.view(values.size(), start * entry, Shape.of(dims)));
    }

    /** Records an operation whose operands are on this tape. */
    public void record(Op op) {
        if (segments.isEmpty()) {
            throw new IllegalStateException("record: begin a segment before " + op.kind());
        }
        op.inputs().forEach(this::check);
        op.outputs().forEach(this::check);
        segments.getLast().ops().add(op);
        op.outputs().stream()
                .map(Value::root)
                .distinct()
                .forEach(root ->
                        writers.computeIfAbsent(root, r -> new ArrayList<>()).add(recorded.size()));
        recorded.add(op);
    }

    /** Marks a computed value that stays readable after a run. */
    public void result(Value value) {
        check(value);
        if (value.role() != Value.Role.ACTIVATION) {
            throw new IllegalArgumentException("result: " + value + " is not computed, but " + value.role());
        }
        results.add(value);
    }

    /** Everything operations read or write, views and slices included, in the order of {@link Value#id()}. */
    public List<Value> values() {
        return Collections.unmodifiableList(values);
    }

    /** The parts of the pass in the order in which they run. */
    public List<Segment> segments() {
        return Collections.unmodifiableList(segments);
    }

    /** Computed values that stay readable after a run, in the order in which they were marked. */
    public List<Value> results() {
        return Collections.unmodifiableList(results);
    }

    /** What is added onto the residual stream, in order. */
    public List<Branch> branches() {
        return Collections.unmodifiableList(branches);
    }

    /** The operations that compute a branch's output from its source, in order. */
    public List<Op> leadingTo(Branch branch) {
        return leadingTo(branch.output(), branch.source());
    }

    /**
     * The operations that compute a value, in order.
     *
     * @param from a value that is there already, or null: what leads to it is left out
     */
    public List<Op> leadingTo(Value value, Value from) {
        Set<Value> needed = new HashSet<>(Set.of(value.root()));
        PriorityQueue<Integer> left = new PriorityQueue<>(Comparator.reverseOrder());
        left.addAll(writers(value.root(), recorded.size()));
        List<Op> ops = new ArrayList<>();
        for (int last = recorded.size(); !left.isEmpty(); ) {
            int index = left.remove();
            // An operation that writes several needed values was found once for each.
            if (index == last) {
                continue;
            }
            last = index;
            Op op = recorded.get(index);
            ops.add(op);
            for (Value input : op.inputs()) {
                Value root = input.root();
                if ((from == null || root != from.root()) && needed.add(root)) {
                    left.addAll(writers(root, index));
                }
            }
        }
        return ops.reversed();
    }

    /** Which of the first {@code before} operations write a value or a part of it, as indices. */
    private List<Integer> writers(Value root, int before) {
        List<Integer> all = writers.getOrDefault(root, List.of());
        int end = all.size();
        while (end > 0 && all.get(end - 1) >= before) {
            end--;
        }
        return all.subList(0, end);
    }

    /** Inputs, parameters, constants and states in the order of first mention. */
    public Collection<Value> leaves() {
        return Collections.unmodifiableCollection(named.values());
    }

    /** The leaves of one role. */
    public List<Value> leaves(Value.Role role) {
        return named.values().stream().filter(v -> v.role() == role).toList();
    }

    /** The leaf of this name. */
    public Value leaf(String name) {
        Value value = named.get(name);
        if (value == null) {
            throw new IllegalArgumentException("tape has no leaf '" + name + "'");
        }
        return value;
    }

    /** Entries of all parameters, each counted once however often it is used. */
    public long parameterCount() {
        return leaves(Value.Role.PARAMETER).stream()
                .mapToLong(v -> v.shape().elements())
                .sum();
    }

    /** Floating-point operations of one forward run. */
    public long flops() {
        return segments.stream()
                .flatMap(s -> s.ops().stream())
                .mapToLong(Op::flops)
                .sum();
    }

    private Value leaf(String name, Value.Role role, Element element, Shape shape) {
        Value known = named.get(name);
        if (known == null) {
            known = add(new Value(values.size(), name, role, element, shape));
            named.put(name, known);
        } else if (known.role() != role
                || known.element() != element
                || !known.shape().equals(shape)) {
            throw new IllegalArgumentException("leaf: " + known + " is already there as " + known.role() + " of "
                    + known.element() + ", not " + role + " of " + element + " " + shape);
        }
        return known;
    }

    private Value add(Value value) {
        values.add(value);
        return value;
    }

    private void check(Value value) {
        if (value.id() >= values.size() || values.get(value.id()) != value) {
            throw new IllegalArgumentException("record: " + value + " is not on this tape");
        }
    }
}
