package org.espalier.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Precision;
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
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Linear layers on both sides of every tile border against loops in float64, in every precision. */
class LinearProductsTest {

    /** Of the sum of the products' absolute values; a chain of float32 sums stays far below. */
    private static final double TOLERANCE = 1e-6;
    /** What two parts of 8 bits each miss of two operands and leave out of their product. */
    private static final double SPLIT_ERROR = 3 * 0x1p-16;

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
        for (Precision precision : Precision.values()) {
            forwardAndInputGradientMatchALoop(precision, type, tokens, in, out);
        }
    }

    private static void forwardAndInputGradientMatchALoop(
            Precision precision, DType type, int tokens, int in, int out) {
        Random random = new Random(tokens * 31L + in);
        boolean few = tokens <= MatVec.MAX_TOKENS;
        try (CpuBackend cpu = new CpuBackend(2, precision);
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
                            Precision seen = few ? Precision.FLOAT32 : precision;
                            sum.add(product(seen, w[o * in + c], x.values[t * in + c]));
                        }
                        sum.check(
                                result[t * out + o], few ? TOLERANCE : tolerance(precision), "y[" + t + ", " + o + "]");
                    }
                }
                cpu.linearBackwardInput(queue, y.tensor, weight, Target.accumulate(dX.tensor));
                double[] gradient = dX.read();
                for (int t = 0; t < tokens; t++) {
                    for (int c = 0; c < in; c++) {
                        Sum sum = new Sum(dX.values[t * in + c]);
                        for (int o = 0; o < out; o++) {
                            sum.add(product(precision, w[o * in + c], result[t * out + o]));
                        }
                        sum.check(gradient[t * in + c], tolerance(precision), "dX[" + t + ", " + c + "]");
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

    /** Of operands as this precision sees them; what two parts miss is in {@link #SPLIT_ERROR}. */
    private static double product(Precision precision, double a, double b) {
        return precision == Precision.HALF ? rounded(a) * rounded(b) : a * b;
    }

    private static double rounded(double value) {
        return Blocks.bfloat16ToFloat(Blocks.floatToBfloat16((float) value));
    }

    private static double tolerance(Precision precision) {
        return precision == Precision.SPLIT ? TOLERANCE + SPLIT_ERROR : TOLERANCE;
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void weightGradientMatchesALoop(Precision precision) {
        Random random = new Random(3);
        int tokens = 19;
        int in = 401;
        int out = 387;
        try (CpuBackend cpu = new CpuBackend(2, precision);
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
                        sum.add(product(precision, dY.values[t * out + o], x.values[t * in + c]));
                    }
                    sum.check(gradient[o * in + c], tolerance(precision), "dW[" + o + ", " + c + "]");
                }
            }
        }
    }

    /** Where the processor has no bfloat16 instructions, the same rounded operands are multiplied as float32. */
    @Test
    void withoutInstructionsTheSameNumbersAreMultiplied() {
        Random random = new Random(4);
        int tokens = 37;
        int in = 71;
        int out = 53;
        float[] weight = floats(random, in * out);
        float[] activation = floats(random, tokens * in);
        try (WorkerPool pool = new WorkerPool(2);
                Scratch scratch = new Scratch(2);
                RoundedGemm products = new RoundedGemm(pool, scratch, RoundedNumbers.FLOAT32, 1);
                NativeMemory w = NativeMemory.allocate(4L * in * out, "weight");
                NativeMemory x = NativeMemory.allocate(4L * tokens * in, "x");
                NativeMemory y = NativeMemory.allocate(4L * tokens * out, "y")) {
            MemorySegment.copy(weight, 0, w.segment(), Lanes.FLOAT, 0, weight.length);
            MemorySegment.copy(activation, 0, x.segment(), Lanes.FLOAT, 0, activation.length);
            products.forward(
                    x.segment(), new Weight(DType.F32, false, w.segment(), in, out), null, y.segment(), tokens);
            for (int t = 0; t < tokens; t++) {
                for (int o = 0; o < out; o++) {
                    Sum sum = new Sum(0);
                    for (int c = 0; c < in; c++) {
                        sum.add(product(Precision.HALF, weight[o * in + c], activation[t * in + c]));
                    }
                    float computed = y.segment().get(Lanes.FLOAT, 4L * (t * out + o));
                    sum.check(computed, TOLERANCE, "y[" + t + ", " + o + "]");
                }
            }
        }
    }

    private static float[] floats(Random random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = random.nextFloat(-1, 1);
        }
        return numbers;
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

        void check(double computed, double tolerance, String subject) {
            assertTrue(Math.abs(computed - value) <= tolerance * size, subject + ": " + computed + " for " + value);
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
