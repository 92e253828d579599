package org.espalier.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Blocks;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Linear layers on both sides of every tile border against loops in float64. */
class TiledGemmTest {

    /** Of the sum of the products' absolute values; a chain of float32 sums stays far below. */
    private static final double TOLERANCE = 1e-6;

    static Stream<Arguments> cases() {
        Stream<Arguments> float32 = IntStream.of(1, 3, 5, 257, 300)
                .boxed()
                .flatMap(tokens -> Stream.of(
                        Arguments.of(DType.F32, tokens, 1, 1), Arguments.of(DType.F32, tokens, 65, 17),
                        Arguments.of(DType.F32, tokens, 17, 257), Arguments.of(DType.F32, tokens, 300, 65)));
        Stream<Arguments> narrow = Stream.of(DType.BF16, DType.F16)
                .flatMap(type -> IntStream.of(1, 4, 5, 259)
                        .boxed()
                        .flatMap(tokens ->
                                Stream.of(Arguments.of(type, tokens, 7, 3), Arguments.of(type, tokens, 71, 263))));
        Stream<Arguments> blocks = Stream.of(DType.Q8_0, DType.Q4_0, DType.Q4_1, DType.Q5_0, DType.Q5_1)
                .flatMap(type -> IntStream.of(1, 2, 5)
                        .boxed()
                        .flatMap(tokens ->
                                Stream.of(Arguments.of(type, tokens, 32, 17), Arguments.of(type, tokens, 288, 259))));
        Stream<Arguments> large = Stream.of(DType.Q4_K, DType.Q5_K, DType.Q6_K)
                .flatMap(type -> IntStream.of(1, 6).boxed().map(tokens -> Arguments.of(type, tokens, 512, 33)));
        return Stream.of(float32, narrow, blocks, large).flatMap(s -> s);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void forwardAndInputGradientMatchALoop(DType type, int tokens, int in, int out) {
        Random random = new Random(tokens * 31L + in);
        try (CpuBackend cpu = new CpuBackend(2);
                Queue queue = cpu.newQueue();
                NativeMemory memory = NativeMemory.allocate(type.bytes((long) in * out) + 1, "weight")) {
            MemorySegment bytes = memory.segment().asSlice(1);
            StoredNumbers.randomise(random, type, bytes);
            float[] w = new float[in * out];
            Blocks.decode(type, bytes, 0, w, 0, w.length);
            try (Numbers x = new Numbers(cpu, queue, random, tokens, in);
                    Numbers bias = new Numbers(cpu, queue, random, out);
                    Numbers y = new Numbers(cpu, queue, random, tokens, out);
                    Numbers dX = new Numbers(cpu, queue, random, tokens, in)) {
                Tensor weight = cpu.weight(queue, bytes, type, Shape.of(out, in));
                cpu.linear(queue, x.tensor, weight, bias.tensor, y.tensor);
                double[] result = y.read();
                for (int t = 0; t < tokens; t++) {
                    for (int o = 0; o < out; o++) {
                        Sum sum = new Sum(bias.values[o]);
                        for (int c = 0; c < in; c++) {
                            sum.add((double) w[o * in + c] * x.values[t * in + c]);
                        }
                        sum.check(result[t * out + o], "y[" + t + ", " + o + "]");
                    }
                }
                cpu.linearBackwardInput(queue, y.tensor, weight, Target.accumulate(dX.tensor));
                double[] gradient = dX.read();
                for (int t = 0; t < tokens; t++) {
                    for (int c = 0; c < in; c++) {
                        Sum sum = new Sum(dX.values[t * in + c]);
                        for (int o = 0; o < out; o++) {
                            sum.add(w[o * in + c] * result[t * out + o]);
                        }
                        sum.check(gradient[t * in + c], "dX[" + t + ", " + c + "]");
                    }
                }
            }
        }
    }

    @Test
    void sumsADeepNarrowInputGradientInOrder() {
        int tokens = 2;
        int in = 40;
        int out = 2 * 1024 + 100;
        forwardAndInputGradientMatchALoop(DType.BF16, tokens, in, out);
    }

    @Test
    void weightGradientMatchesALoop() {
        Random random = new Random(3);
        int tokens = 19;
        int in = 401;
        int out = 387;
        try (CpuBackend cpu = new CpuBackend(2);
                Queue queue = cpu.newQueue();
                Numbers x = new Numbers(cpu, queue, random, tokens, in);
                Numbers dY = new Numbers(cpu, queue, random, tokens, out);
                Numbers dW = new Numbers(cpu, queue, random, out, in)) {
            cpu.linearBackwardWeight(queue, x.tensor, dY.tensor, Target.accumulate(dW.tensor));
            double[] gradient = dW.read();
            for (int o = 0; o < out; o++) {
                for (int c = 0; c < in; c++) {
                    Sum sum = new Sum(dW.values[o * in + c]);
                    for (int t = 0; t < tokens; t++) {
                        sum.add(dY.values[t * out + o] * x.values[t * in + c]);
                    }
                    sum.check(gradient[o * in + c], "dW[" + o + ", " + c + "]");
                }
            }
        }
    }

    @Test
    void leavesNoMemoryBehind() {
        assertEquals(
                0,
                NativeMemory.outstanding().size(),
                () -> NativeMemory.outstanding().toString());
    }

    /** A float64 sum that knows how large its parts are. */
    private static final class Sum {
        private double value;
        private double size;

        Sum(double start) {
            add(start);
        }

        void add(double part) {
            value += part;
            size += Math.abs(part);
        }

        void check(double computed, String subject) {
            assertTrue(Math.abs(computed - value) <= TOLERANCE * size, subject + ": " + computed + " for " + value);
        }
    }

    /** Random numbers on the host and on the backend. */
    private static final class Numbers implements AutoCloseable {
        final double[] values;
        final Tensor tensor;
        private final CpuBackend cpu;
        private final Queue queue;

        Numbers(CpuBackend cpu, Queue queue, Random random, long... dims) {
            this.cpu = cpu;
            this.queue = queue;
            tensor = cpu.allocate(DType.F32, Shape.of(dims), "numbers");
            values = random.doubles(tensor.shape().elements(), -1, 1)
                    .map(v -> (float) v)
                    .toArray();
            HostCopy.writeDoubles(cpu, queue, values, tensor);
        }

        double[] read() {
            return HostCopy.readDoubles(cpu, queue, tensor);
        }

        @Override
        public void close() {
            tensor.buffer().close();
        }
    }
}
