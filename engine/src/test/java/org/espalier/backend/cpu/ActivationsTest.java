package org.espalier.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import org.espalier.backend.ActivationFunction;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Activation functions in float32, far out too, and at the ends of what numbers there are. */
class ActivationsTest {

    /** In 256ths, from where nothing is left of the negative side in float32. */
    private static final int FIRST = -14 << 8;

    private static final int COUNT = 29 << 8;
    /** Fewer than a vector holds. */
    private static final int FEW = 7;

    private final ReferenceBackend reference = new ReferenceBackend();
    private final CpuBackend cpu = new CpuBackend(2);

    @AfterEach
    void close() {
        cpu.close();
        reference.close();
    }

    /** The larger an exponential's argument, the more of it is rounded: 100 by 4e-6. Beyond 89 it overflows. */
    @ParameterizedTest
    @EnumSource
    void valuesAreExactInProportionToTheirSize(ActivationFunction function) {
        float[] x = numbers();
        double[] expected = values(reference, function, x);
        double[] actual = values(cpu, function, x);
        for (int i = 0; i < x.length; i++) {
            double relative = 1e-6 + 2e-7 * x[i] * x[i];
            assertEquals(expected[i], actual[i], relative * Math.abs(expected[i]) + 1e-37, function + " " + x[i]);
        }
    }

    /** What the sigmoid lacks to 1 is rounded, and multiplied by up to 15 in the tanh approximation. */
    @ParameterizedTest
    @EnumSource
    void slopesAreExact(ActivationFunction function) {
        float[] x = numbers();
        double[] expected = slopes(reference, function, x);
        double[] actual = slopes(cpu, function, x);
        for (int i = 0; i < x.length; i++) {
            assertEquals(expected[i], actual[i], 2e-6, function + "' " + x[i]);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aNumberHasTheBitsThatItHasInAVector(ActivationFunction function) {
        float[] x = Arrays.copyOf(numbers(), COUNT / FEW * FEW);
        double[] values = values(cpu, function, x);
        double[] slopes = slopes(cpu, function, x);
        for (int i = 0; i < x.length; i += FEW) {
            float[] few = Arrays.copyOfRange(x, i, i + FEW);
            assertArrayEquals(Arrays.copyOfRange(values, i, i + FEW), values(cpu, function, few));
            assertArrayEquals(Arrays.copyOfRange(slopes, i, i + FEW), slopes(cpu, function, few));
        }
    }

    @ParameterizedTest
    @EnumSource
    void theEndsOfWhatNumbersThereAre(ActivationFunction function) {
        float[] x = {0f, -0f, -1e18f, Float.MAX_VALUE, Float.POSITIVE_INFINITY, Float.NaN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        };
        double[] expected = function == ActivationFunction.TANH
                ? new double[] {0, 0, -1, 1, 1, Double.NaN}
                : new double[] {0, 0, 0, Float.MAX_VALUE, Double.POSITIVE_INFINITY, Double.NaN};
        for (Backend backend : List.of(reference, cpu)) {
            for (int count : new int[] {expected.length, x.length}) {
                double[] y = values(backend, function, Arrays.copyOf(x, count));
                // A sum has no negative zeros.
                double[] ends = Arrays.stream(y)
                        .limit(expected.length)
                        .map(v -> v + 0.0)
                        .toArray();
                assertArrayEquals(expected, ends, function + " on " + backend.name());
            }
        }
    }

    @Test
    void reluHasNoSlopeAtZero() {
        for (Backend backend : List.of(reference, cpu)) {
            assertArrayEquals(new double[2], slopes(backend, ActivationFunction.RELU, new float[] {0f, -0f}));
        }
    }

    private static float[] numbers() {
        float[] numbers = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            numbers[i] = (FIRST + i) / 256f;
        }
        return numbers;
    }

    private static double[] values(Backend backend, ActivationFunction function, float[] x) {
        return run(backend, x, (queue, in, out) -> backend.activation(queue, function, in, out));
    }

    private static double[] slopes(Backend backend, ActivationFunction function, float[] x) {
        return run(backend, x, (queue, in, out) -> {
            backend.fill(queue, out, 1);
            backend.activationBackward(queue, function, in, out, Target.overwrite(out));
        });
    }

    @FunctionalInterface
    private interface Operation {
        void on(Queue queue, Tensor in, Tensor out);
    }

    private static double[] run(Backend backend, float[] x, Operation operation) {
        Tensor in = backend.allocate(backend.computeType(), Shape.of(x.length), "x");
        Tensor out = backend.allocate(backend.computeType(), Shape.of(x.length), "y");
        try (Queue queue = backend.newQueue()) {
            double[] numbers = new double[x.length];
            Arrays.setAll(numbers, i -> x[i]);
            HostCopy.writeDoubles(backend, queue, numbers, in);
            operation.on(queue, in, out);
            return HostCopy.readDoubles(backend, queue, out);
        } finally {
            in.buffer().close();
            out.buffer().close();
        }
    }
}
