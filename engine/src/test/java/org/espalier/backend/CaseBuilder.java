package org.espalier.backend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/**
 * Builds a case. Every number is drawn from a generator seeded with the names of the case and the operand, so that it
 * does not depend on what else is in the list.
 */
final class CaseBuilder<F> {

    /** Float32 rounds to 2^-24 of a number: a squared error of about 1e-15 for each rounding that counts. */
    private static final double FLOAT32 = 1e-12;

    private final String operation;
    private final String name;
    private final List<Operand> operands = new ArrayList<>();
    private final Map<String, String> aliases = new LinkedHashMap<>();
    private final Map<String, String> gradients = new LinkedHashMap<>();
    private final Map<String, Supplier<double[]>> seeds = new LinkedHashMap<>();
    private final List<String> outputs = new ArrayList<>();
    private OpCase.Call<F> forward;
    private OpCase.Call<F> backward;
    private double tolerance = FLOAT32;
    private String reason = "float32 rounding is about 1e-14; a wrong term is far above";
    private double floor;
    private long forwardFlops;
    private long backwardFlops;

    CaseBuilder(String operation, String distinction) {
        this.operation = operation;
        this.name = operation + " " + distinction;
    }

    /** An operand of the compute type, normally distributed. */
    CaseBuilder<F> input(String operand, long... dims) {
        return input(operand, () -> normal(operand, Shape.of(dims)), dims);
    }

    /** An operand of the compute type with given numbers, rounded to float32. */
    CaseBuilder<F> input(String operand, double[] numbers, long... dims) {
        return input(operand, () -> numbers, dims);
    }

    /** As {@link #input(String, double[], long...)}, with numbers that are made when the case runs. */
    CaseBuilder<F> input(String operand, Supplier<double[]> numbers, long... dims) {
        return operand(Operand.compute(operand, Operand.Role.INPUT, Shape.of(dims), () -> rounded(numbers.get())));
    }

    private static double[] rounded(double[] numbers) {
        return Arrays.stream(numbers).map(number -> (float) number).toArray();
    }

    /** An operand of a given plain type with given numbers. */
    CaseBuilder<F> fixed(String operand, DType type, double[] numbers, long... dims) {
        return fixed(operand, type, () -> numbers, dims);
    }

    /** As above, with numbers that are made when the case runs. */
    CaseBuilder<F> fixed(String operand, DType type, Supplier<double[]> numbers, long... dims) {
        return operand(Operand.stored(
                operand, Operand.Role.INPUT, type, Shape.of(dims), () -> Operand.encode(type, numbers.get())));
    }

    /** An int32 operand: token ids, positions, rows, targets. */
    CaseBuilder<F> ints(String operand, int... numbers) {
        return fixed(operand, DType.I32, Arrays.stream(numbers).asDoubleStream().toArray(), numbers.length);
    }

    /** Token ids, positions or rows below {@code limit}, repeats welcome. */
    CaseBuilder<F> randomInts(String operand, int count, int limit) {
        return ints(operand, random(operand).ints(count, 0, limit).toArray());
    }

    /** The same, of any shape. */
    CaseBuilder<F> randomInts(String operand, long[] dims, int limit) {
        int count = Math.toIntExact(Shape.of(dims).elements());
        return fixed(
                operand,
                DType.I32,
                random(operand).doubles(count, 0, limit).map(Math::floor).toArray(),
                dims);
    }

    /** A weight as it lies in a file, of any stored type. */
    CaseBuilder<F> weight(String operand, DType type, long... dims) {
        Shape shape = Shape.of(dims);
        return operand(Operand.stored(
                operand,
                Operand.Role.WEIGHT,
                type,
                shape,
                () -> type.plain() ? Operand.encode(type, normal(operand, shape)) : blocks(operand, type, shape)));
    }

    /** Says that only some numbers of the operand added last are touched. */
    CaseBuilder<F> touching(long elements) {
        operands.add(operands.removeLast().touching(elements));
        return this;
    }

    /** An output of the compute type; NaN at the start, which must not be read. */
    CaseBuilder<F> output(String operand, long... dims) {
        outputs.add(operand);
        return operand(Operand.compute(operand, Operand.Role.OUTPUT, Shape.of(dims), () -> nan(Shape.of(dims))));
    }

    /** An output of a given type; all ones in bits at the start. */
    CaseBuilder<F> output(String operand, DType type, long... dims) {
        outputs.add(operand);
        Shape shape = Shape.of(dims);
        return operand(Operand.stored(operand, Operand.Role.OUTPUT, type, shape, () -> {
            byte[] start = new byte[Math.toIntExact(type.bytes(shape.elements()))];
            Arrays.fill(start, (byte) 0xFF);
            return start;
        }));
    }

    /** An output that is added to where beta is 1, and else NaN at the start. */
    CaseBuilder<F> target(String operand, float beta, long... dims) {
        return beta == 0 ? output(operand, dims) : updated(operand, dims);
    }

    /** An operand that is read and updated. */
    CaseBuilder<F> updated(String operand, long... dims) {
        return input(operand, dims).compared(operand);
    }

    /** Says that an operand is an output as well. */
    CaseBuilder<F> compared(String operand) {
        outputs.add(operand);
        return this;
    }

    /** Says that an operand is another one: work in place. */
    CaseBuilder<F> alias(String operand, String of) {
        aliases.put(operand, of);
        return this;
    }

    /** The gradient {@code operand} that comes back for {@code output}, normally distributed. */
    CaseBuilder<F> seed(String output, String operand) {
        return seed(output, operand, 1);
    }

    /** As above, with a deviation of this size. */
    CaseBuilder<F> seed(String output, String operand, double size) {
        Shape shape = find(output).shape();
        Supplier<double[]> numbers = new Memo<>(() -> Arrays.stream(normal(operand, shape))
                .map(number -> (float) (size * number))
                .toArray());
        seeds.put(output, numbers);
        return operand(Operand.compute(operand, Operand.Role.SEED, shape, numbers));
    }

    /** The weight of every number of {@code output} where no operand holds it. */
    CaseBuilder<F> seed(String output, double weight) {
        int count = Math.toIntExact(find(output).shape().elements());
        seeds.put(output, new Memo<>(() -> {
            double[] numbers = new double[count];
            Arrays.fill(numbers, weight);
            return numbers;
        }));
        return this;
    }

    /** The gradient of {@code operand}, written (beta 0, NaN at the start) or added to (beta 1). */
    CaseBuilder<F> gradient(String operand, String target, float beta) {
        Shape shape = find(operand).shape();
        gradients.put(operand, target);
        outputs.add(target);
        return operand(Operand.compute(
                target, Operand.Role.GRADIENT, shape, () -> beta == 0 ? nan(shape) : normal(target, shape)));
    }

    CaseBuilder<F> forward(long flops, OpCase.Call<F> call) {
        this.forward = call;
        this.forwardFlops = flops;
        return this;
    }

    CaseBuilder<F> backward(long flops, OpCase.Call<F> call) {
        this.backward = call;
        this.backwardFlops = flops;
        return this;
    }

    CaseBuilder<F> tolerance(double error, String why) {
        this.tolerance = error;
        this.reason = why;
        return this;
    }

    /**
     * The outputs are sums of up to so many terms. Added one after the other in float32 (unit roundoff u = 2^-24), the
     * roundings of the partial sums come to {@code u² / 6} a term, 6e-16; three times that is allowed.
     */
    CaseBuilder<F> summing(long terms) {
        return tolerance(1e-13 + 2e-15 * terms, "float32 sums of " + terms + " terms");
    }

    /** Outputs are the difference of terms of this mean square, and may vanish. */
    CaseBuilder<F> cancelling(double meanSquare) {
        this.floor = meanSquare;
        return this;
    }

    OpCase<F> build() {
        return new OpCase<>(
                operation,
                name,
                List.copyOf(operands),
                aliases,
                forward,
                backward,
                gradients,
                seeds,
                List.copyOf(outputs),
                tolerance,
                reason,
                floor,
                forwardFlops,
                backwardFlops);
    }

    /** Numbers from a normal distribution, representable in float32. */
    double[] normal(String operand, Shape shape) {
        Random random = random(operand);
        double[] numbers = new double[Math.toIntExact(shape.elements())];
        Arrays.setAll(numbers, i -> (float) random.nextGaussian());
        return numbers;
    }

    Random random(String operand) {
        return new Random((name + "/" + operand).hashCode());
    }

    private CaseBuilder<F> operand(Operand operand) {
        operands.add(operand);
        return this;
    }

    private Operand find(String operand) {
        return operands.stream()
                .filter(o -> o.name().equals(operand))
                .findFirst()
                .orElseThrow();
    }

    private static double[] nan(Shape shape) {
        double[] numbers = new double[Math.toIntExact(shape.elements())];
        Arrays.fill(numbers, Double.NaN);
        return numbers;
    }

    /** Random bits under scales of a sensible size: every pattern of a block is a number. */
    private byte[] blocks(String operand, DType type, Shape shape) {
        Random random = random(operand);
        byte[] bytes = new byte[Math.toIntExact(type.bytes(shape.elements()))];
        random.nextBytes(bytes);
        MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int block = 0; block < bytes.length; block += type.blockBytes()) {
            for (int at : halves(type)) {
                float scale = (1 + random.nextFloat()) / 64;
                segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, block + at, Float.floatToFloat16(scale));
            }
        }
        return bytes;
    }

    /** Where a block keeps its float16 scales and offsets. */
    private static int[] halves(DType type) {
        return switch (type) {
            case Q4_0, Q5_0, Q8_0 -> new int[] {0};
            case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
            case Q6_K -> new int[] {208};
            default -> throw new IllegalArgumentException("not a block type: " + type);
        };
    }
}
