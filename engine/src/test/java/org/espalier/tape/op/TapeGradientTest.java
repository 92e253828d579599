package org.espalier.tape.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Sequences;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradients of operations as a tape strings them together, against central differences of the loss. In float64 with steps of
 * 1e-5 a difference is wrong by about 1e-10.
 */
class TapeGradientTest {

    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-8;

    @ParameterizedTest
    @MethodSource("org.espalier.tape.op.Recording#withSteadyGradients")
    void gradientsAreDifferencesOfTheLoss(Recording recording) {
        Tape tape = new Tape();
        tape.segment("all");
        Value loss = recording.recordOn(tape);
        tape.result(loss);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        try (Backend backend = new ReferenceBackend();
                GradientStore gradients = new GradientStore(backend, tape, name -> true);
                Executor executor = new Executor(
                        backend, tape, leaf -> weights.get(leaf.name()), gradients, Retention.KEEP, Observer.NONE)) {
            for (Value leaf : tape.leaves()) {
                if (leaf.role() == Value.Role.INPUT) {
                    executor.set(leaf, new int[] {3, 0, 2});
                } else {
                    weights.put(leaf.name(), backend.allocate(DType.F64, leaf.shape(), leaf.name()));
                    write(backend, executor, weights.get(leaf.name()), numbers(leaf));
                }
            }
            executor.forward(Sequences.packed(Recording.TOKENS));
            executor.backward(1, false);
            for (Value p : tape.leaves(Value.Role.PARAMETER)) {
                double[] gradient = HostCopy.readDoubles(
                        backend, executor.queue(), gradients.tensors().get(p.name()));
                compare(backend, executor, loss, p, weights.get(p.name()), gradient);
            }
        } finally {
            weights.values().forEach(t -> t.buffer().close());
        }
    }

    private static void compare(
            Backend backend, Executor executor, Value loss, Value parameter, Tensor weight, double[] gradient) {
        double[] numbers = numbers(parameter);
        assertTrue(Arrays.stream(gradient).anyMatch(g -> Math.abs(g) > 1e-3), parameter + " does not matter");
        for (int i = 0; i < numbers.length; i++) {
            double at = numbers[i];
            numbers[i] = at + STEP;
            double above = loss(backend, executor, loss, weight, numbers);
            numbers[i] = at - STEP;
            double below = loss(backend, executor, loss, weight, numbers);
            numbers[i] = at;
            assertEquals((above - below) / (2 * STEP), gradient[i], TOLERANCE, parameter + " entry " + i);
        }
        write(backend, executor, weight, numbers);
    }

    private static double loss(Backend backend, Executor executor, Value loss, Tensor weight, double[] numbers) {
        write(backend, executor, weight, numbers);
        executor.forward(Sequences.packed(Recording.TOKENS));
        return Arrays.stream(executor.read(loss)).sum();
    }

    private static void write(Backend backend, Executor executor, Tensor tensor, double[] numbers) {
        HostCopy.writeDoubles(backend, executor.queue(), numbers, tensor);
    }

    private static double[] numbers(Value parameter) {
        return new Random(parameter.name().hashCode())
                .doubles(parameter.shape().elements(), -1.5, 1.5)
                .toArray();
    }
}
