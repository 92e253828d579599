package org.espalier.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Sequences;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.error.Failure;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.CrossEntropy;
import org.espalier.tape.op.Embedding;
import org.espalier.tape.op.Linear;
import org.espalier.tape.op.SwiGlu;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExecutorTest {

    private static final int TOKENS = 3;
    private static final int CHANNELS = 4;
    private static final int NEURONS = 5;
    private static final int VOCAB = 7;

    /** A gated layer between tied embeddings; {@code fused} takes gate and up from the rows of one matrix. */
    private static final class Gated {
        final Tape tape = new Tape();
        final Value ids = tape.input("ids", Element.INDEX, TOKENS);
        final Value targets = tape.input("targets", Element.INDEX, TOKENS);

        Gated(boolean fused) {
            tape.segment("embedding");
            Value table = tape.parameter("table", VOCAB, CHANNELS);
            Value stream = Embedding.record(tape, ids, table);
            tape.segment("layer");
            Value both = fused ? tape.parameter("gate_up", 2 * NEURONS, CHANNELS) : null;
            Value gate = fused ? tape.slice(both, 0, NEURONS) : tape.parameter("gate", NEURONS, CHANNELS);
            Value up = fused ? tape.slice(both, NEURONS, 2 * NEURONS) : tape.parameter("up", NEURONS, CHANNELS);
            Value hidden = SwiGlu.record(tape, linear(stream, gate), linear(stream, up));
            Value out = Add.record(tape, stream, linear(hidden, tape.parameter("down", CHANNELS, NEURONS)), 1);
            tape.segment("head");
            tape.result(CrossEntropy.record(tape, linear(Add.record(tape, out, out, 1), table), targets));
        }

        private Value linear(Value x, Value w) {
            return Linear.record(tape, x, w, null);
        }

        /** Gradients of two backward runs, added, by parameter. */
        Map<String, double[]> gradients(Retention retention) {
            Map<String, Tensor> weights = new LinkedHashMap<>();
            Map<String, double[]> numbers = new LinkedHashMap<>();
            try (Backend backend = new ReferenceBackend();
                    GradientStore store = new GradientStore(backend, tape, n -> true);
                    Executor executor = new Executor(
                            backend, tape, leaf -> weights.get(leaf.name()), store, retention, Observer.NONE)) {
                tape.leaves(Value.Role.PARAMETER)
                        .forEach(p -> weights.put(p.name(), weight(backend, executor.queue(), p)));
                executor.set(ids, new int[] {6, 2, 6});
                executor.set(targets, new int[] {2, 6, 0});
                for (boolean add : new boolean[] {false, true}) {
                    executor.forward(Sequences.packed(TOKENS));
                    executor.backward(0.5, add);
                }
                store.tensors()
                        .forEach((name, t) -> numbers.put(name, HostCopy.readDoubles(backend, executor.queue(), t)));
            } finally {
                weights.values().forEach(t -> t.buffer().close());
            }
            return numbers;
        }

        private static Tensor weight(Backend backend, Queue queue, Value parameter) {
            Tensor tensor = backend.allocate(DType.F64, parameter.shape(), parameter.name());
            HostCopy.writeDoubles(backend, queue, numbers(parameter.name(), parameter.shape()), tensor);
            return tensor;
        }

        private static double[] numbers(String name, Shape shape) {
            return name.equals("gate_up")
                    ? joined(numbers("gate", Shape.of(NEURONS, CHANNELS)), numbers("up", Shape.of(NEURONS, CHANNELS)))
                    : new Random(name.hashCode())
                            .doubles(shape.elements(), -1, 1)
                            .toArray();
        }
    }

    private static double[] joined(double[] a, double[] b) {
        double[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    /** Also: a value added to itself, and a table used at both ends, have the gradients of both uses. */
    @ParameterizedTest
    @EnumSource(names = {"KEEP", "RECOMPUTE"})
    void partsOfAParameterHaveTheGradientsThatParametersOfTheirOwnHave(Retention retention) {
        Map<String, double[]> separate = new Gated(false).gradients(retention);
        Map<String, double[]> fused = new Gated(true).gradients(retention);
        assertArrayEquals(joined(separate.get("gate"), separate.get("up")), fused.get("gate_up"));
        assertArrayEquals(separate.get("down"), fused.get("down"));
        assertArrayEquals(separate.get("table"), fused.get("table"));
        assertEquals(
                2 * NEURONS * CHANNELS,
                Arrays.stream(fused.get("gate_up")).filter(g -> g != 0).count());
    }

    /** What was allocated before it failed is given back, or the leak check of all tests would say so. */
    @ParameterizedTest
    @ValueSource(
            strings = {"activations for ids[3]", "input ids", "input targets", "gradient of table", "gradient of down"})
    void memoryThatCannotBeHadLeavesNothingAllocated(String purpose) {
        Tape tape = new Gated(false).tape;
        try (Backend backend = new ReferenceBackend()) {
            Backend scarce = without(backend, purpose);
            Failure failure = assertThrows(Failure.class, () -> {
                try (GradientStore store = new GradientStore(scarce, tape, n -> true);
                        Executor executor =
                                new Executor(scarce, tape, leaf -> null, store, Retention.KEEP, Observer.NONE)) {
                    executor.finish();
                }
            });
            assertEquals("no memory", failure.problem());
        }
    }

    private static Backend without(Backend backend, String purpose) {
        return (Backend) Proxy.newProxyInstance(
                ExecutorTest.class.getClassLoader(), new Class<?>[] {Backend.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("allocate") && arguments[arguments.length - 1].equals(purpose)) {
                        throw new Failure("no memory", purpose, "buy some");
                    }
                    try {
                        return method.invoke(backend, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Test
    void onlyResultsCanBeRead() {
        Gated gated = new Gated(false);
        try (Backend backend = new ReferenceBackend();
                Executor executor = Executor.inference(backend, gated.tape, leaf -> null)) {
            assertThrows(IllegalArgumentException.class, () -> executor.read(gated.ids));
        }
    }
}
