package org.espalier.tape.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.tape.Coupling;
import org.espalier.tape.Element;
import org.espalier.tape.Op;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.WeightUse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every operation says of its operands beside how it is computed. */
class OperationStatementsTest {

    @Test
    void everyOperationIsRecorded() throws IOException, URISyntaxException {
        Set<String> recorded = Recording.all()
                .flatMap(recording -> Recording.ops(recording.recorded()))
                .map(op -> op.getClass().getSimpleName())
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(operations(), recorded);
    }

    /** The names of all classes that are operations. */
    private static Set<String> operations() throws IOException, URISyntaxException {
        Path classes = Path.of(
                Op.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (Stream<Path> files = Files.list(classes.resolve("org/espalier/tape/op"))) {
            return files.map(file -> file.getFileName().toString().replace(".class", ""))
                    .filter(name -> isOperation("org.espalier.tape.op." + name))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static boolean isOperation(String name) {
        try {
            Class<?> type = Class.forName(name);
            return Op.class.isAssignableFrom(type) && !type.isInterface();
        } catch (ClassNotFoundException e) {
            throw new AssertionError(name, e);
        }
    }

    @ParameterizedTest
    @MethodSource("org.espalier.tape.op.Recording#all")
    void moveToOtherOperands(Recording recording) {
        Tape other = recording.recorded();
        List<Op> moved = Recording.ops(recording.recorded())
                .map(op ->
                        op.with(value -> value == null ? null : other.values().get(value.id())))
                .toList();
        assertEquals(Recording.ops(other).toList(), moved);
    }

    @ParameterizedTest
    @MethodSource("org.espalier.tape.op.Recording#all")
    void sayWhatEveryParameterDoes(Recording recording) {
        Recording.ops(recording.recorded()).forEach(op -> {
            Set<Value> stated = op.weights().stream().map(WeightUse::weight).collect(Collectors.toSet());
            op.inputs().stream()
                    .filter(value ->
                            value.role() == Value.Role.PARAMETER && !Recording.ACTIVATIONS.contains(value.name()))
                    .forEach(value -> assertTrue(stated.contains(value), () -> op + " says nothing of " + value));
        });
    }

    /**
     * An axis of which nothing is said is frozen, and with it every unit that runs through it: that must be meant. Axes of
     * indices are tokens, always.
     */
    @ParameterizedTest
    @MethodSource("org.espalier.tape.op.Recording#all")
    void sayOfEveryAxisWhatItRunsThrough(Recording recording) {
        Recording.ops(recording.recorded()).forEach(op -> {
            StatedAxes stated = new StatedAxes();
            op.couple(stated);
            Stream.concat(op.inputs().stream(), op.outputs().stream())
                    .filter(value -> value.element() == Element.REAL)
                    .forEach(value -> {
                        for (int axis = 0; axis < value.shape().rank(); axis++) {
                            Coupling.Axis missing = stated.axis(value, axis);
                            assertTrue(stated.axes.contains(missing), () -> op + " says nothing of " + missing);
                        }
                    });
        });
    }

    /** The axes of operands that a statement is made of; naming one, or what it is used for, states nothing of it. */
    private static final class StatedAxes implements Coupling {

        private record OfValue(Value value, int index) implements Axis {}

        private record Composed(List<Axis> parts) implements Axis {}

        /** What no tensor has by itself. */
        private record Fresh(long extent) implements Axis {}

        private final Set<Axis> axes = new HashSet<>();

        private void state(Axis axis) {
            if (axis instanceof Composed composed) {
                composed.parts.forEach(this::state);
            } else {
                axes.add(axis);
            }
        }

        @Override
        public Axis axis(Value value, int index) {
            return new OfValue(value, index < 0 ? value.shape().rank() + index : index);
        }

        @Override
        public Axis fresh(long extent) {
            return new Fresh(extent);
        }

        @Override
        public Axis vocabulary(long tokens) {
            return new Fresh(tokens);
        }

        @Override
        public Axis product(Axis... parts) {
            return new Composed(List.of(parts));
        }

        @Override
        public Axis sum(Axis... parts) {
            return new Composed(List.of(parts));
        }

        @Override
        public void same(Axis a, Axis b) {
            state(a);
            state(b);
        }

        @Override
        public void freeze(Axis axis, String reason) {
            state(axis);
        }

        @Override
        public void use(Axis axis, Use use) {}

        @Override
        public void keepAtLeast(Axis axis, long units) {}

        @Override
        public void belongs(Value value, Axis experts, int unit) {}

        @Override
        public void tie(Axis halves) {}
    }
}
