package org.espalier.couple;

import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Sequences;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.tape.Executor;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Numbers of the parameters and constants of a test's model, by name, of which units can be zeroed or cut out. */
record TestWeights(Map<String, Numbers> tensors) {

    /** Row-major numbers. */
    record Numbers(long[] dims, double[] values) {}

    /** What of each tensor and axis goes. */
    interface Gone {

        /** The entries of an axis that go. */
        BitSet entries(String tensor, int axis);

        private long[] kept(String tensor, int axis, long extent) {
            BitSet gone = entries(tensor, axis);
            return LongStream.range(0, extent).filter(e -> !gone.get((int) e)).toArray();
        }
    }

    /** Units of a group go, the same of every member. */
    record Removal(Group group, int[] units) implements Gone {

        @Override
        public BitSet entries(String tensor, int axis) {
            BitSet entries = new BitSet();
            for (Member member : group.members()) {
                if (member.tensor().name().equals(tensor) && member.axis() == axis) {
                    Arrays.stream(units)
                            .forEach(u -> Arrays.stream(member.entries(u)).forEach(e -> entries.set((int) e)));
                }
            }
            return entries;
        }
    }

    static TestWeights random(Tape tape, Random random) {
        Map<String, Numbers> tensors = new LinkedHashMap<>();
        for (Value leaf : tape.leaves()) {
            if (leaf.role() == Value.Role.PARAMETER || leaf.role() == Value.Role.CONSTANT) {
                double[] values = random.doubles(leaf.shape().elements(), -1, 1).toArray();
                tensors.put(leaf.name(), new Numbers(leaf.shape().toArray(), values));
            }
        }
        return new TestWeights(tensors);
    }

    /** The same extents, with zeros where units go. */
    TestWeights zeroed(Gone removal) {
        Map<String, Numbers> zeroed = new LinkedHashMap<>();
        tensors.forEach((name, of) -> {
            double[] values = of.values.clone();
            for (int axis = 0; axis < of.dims.length; axis++) {
                long inner = Arrays.stream(of.dims, axis + 1, of.dims.length).reduce(1, (a, b) -> a * b);
                BitSet gone = removal.entries(name, axis);
                for (int i = 0; i < values.length; i++) {
                    values[i] = gone.get((int) (i / inner % of.dims[axis])) ? 0 : values[i];
                }
            }
            zeroed.put(name, new Numbers(of.dims, values));
        });
        return new TestWeights(zeroed);
    }

    /** Smaller extents, without what goes. */
    TestWeights cut(Gone removal) {
        Map<String, Numbers> cut = new LinkedHashMap<>();
        tensors.forEach((name, of) -> {
            long[] dims = of.dims.clone();
            double[] values = of.values;
            for (int axis = 0; axis < dims.length; axis++) {
                long[] kept = removal.kept(name, axis, dims[axis]);
                values = new Grid(dims).pick(values, axis, kept);
                dims[axis] = kept.length;
            }
            cut.put(name, new Numbers(dims, values));
        });
        return new TestWeights(cut);
    }

    /** The channels that stay of every vector that loses some, by its name. */
    Map<String, BitSet> kept(Gone removal) {
        Map<String, BitSet> kept = new LinkedHashMap<>();
        tensors.forEach((name, of) -> {
            BitSet channels = removal.entries(name, 0);
            if (of.dims.length == 1 && !channels.isEmpty()) {
                channels.flip(0, (int) of.dims[0]);
                kept.put(name, channels);
            }
        });
        return kept;
    }

    /** The sum of the squares of all numbers of these entries of an axis. */
    double squares(String name, int axis, long... entries) {
        Numbers of = tensors.get(name);
        return Arrays.stream(new Grid(of.dims).pick(of.values, axis, entries))
                .map(v -> v * v)
                .sum();
    }

    /** Whether a tape has exactly these parameters and constants. */
    boolean fit(Tape tape) {
        return tape.leaves().stream()
                .filter(l -> l.role() != Value.Role.INPUT)
                .allMatch(l -> tensors.containsKey(l.name())
                        && Arrays.equals(tensors.get(l.name()).dims, l.shape().toArray()));
    }

    /** The logits of two packed sequences, in float64. */
    double[] logits(TestTransformer model) {
        return logits(model, model.tape, value -> value);
    }

    /**
     * The same of a model that was recorded again.
     *
     * @param tape  the model on another tape
     * @param place what a value of the model is there
     */
    double[] logits(TestTransformer model, Tape tape, UnaryOperator<Value> place) {
        Map<Value, int[]> given = Map.of(
                place.apply(model.ids), new int[] {3, 1, 9, 4, 3},
                place.apply(model.positions), new int[] {0, 1, 2, 0, 1},
                place.apply(model.otherPositions), new int[] {4, 4, 0, 1, 2});
        Map<String, Tensor> placed = new LinkedHashMap<>();
        try (Backend backend = new ReferenceBackend();
                Executor executor = Executor.inference(backend, tape, leaf -> placed.get(leaf.name()))) {
            tensors.forEach((name, of) -> placed.put(name, place(backend, executor.queue(), name, of)));
            given.forEach(executor::set);
            executor.forward(Sequences.packed(3, 2));
            return executor.read(place.apply(model.logits));
        } finally {
            placed.values().forEach(t -> t.buffer().close());
        }
    }

    private static Tensor place(Backend backend, Queue queue, String name, Numbers of) {
        Tensor tensor = backend.allocate(DType.F64, Shape.of(of.dims), name);
        HostCopy.writeDoubles(backend, queue, of.values, tensor);
        return tensor;
    }
}
