package org.espalier.bench.gpu;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Conformance;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpRun;
import org.espalier.backend.Precision;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.tensor.DType;

/**
 * Every operation at the sizes of models: compared with the scalar reference, or where that would take minutes with the cpu
 * backend, which is; then timed, forwards and backwards. Products with a 16-bit weight are tried in
 * {@link Precision#HALF} too.
 */
final class Laboratory {

    /** More operations than this are not computed in scalar float64. */
    private static final long MOST_REFERENCE_FLOPS = 300_000_000;
    /** Two results that are each within a tolerance of the truth are within four of each other: errors add, squared. */
    private static final double BETWEEN_TWO = 4;
    /** The square of the most by which rounding to the 8 bits of bfloat16 changes a number, relative to the number. */
    private static final double HALF_LIMIT = Math.pow(2, -16);
    /** The mean square of the same, which products of so many operations come near. */
    private static final double HALF_ERROR = HALF_LIMIT / 3;

    private static final long MANY_FLOPS = 10_000;

    private final Limits limits;
    private final Stopwatch watch;
    private final CheckTable table;

    Laboratory(Limits limits, Stopwatch watch, CheckTable table) {
        this.limits = limits;
        this.watch = watch;
        this.table = table;
    }

    /** Tries every case, one after the other; {@code begins} hears its name. */
    void run(Stream<OpCase<? super Backend>> cases, Consumer<String> begins) {
        cases.forEach(opCase -> {
            begins.accept(opCase.name());
            precisions(opCase).forEach(precision -> run(opCase, precision));
        });
    }

    /** Those that differ: another type of the weight, and all other operations, are always computed in float32. */
    private static List<Precision> precisions(OpCase<?> opCase) {
        DType weight = opCase.typeOf("w", DType.F32);
        boolean narrow = opCase.operation().equals("linear") && (weight == DType.BF16 || weight == DType.F16);
        return narrow ? List.of(Precision.FLOAT32, Precision.HALF) : List.of(Precision.FLOAT32);
    }

    private void run(OpCase<? super Backend> opCase, Precision precision) {
        String name = opCase.name() + (precision == Precision.FLOAT32 ? "" : " in " + precision);
        try (CudaBackend cuda = CudaBackend.open(0, precision)) {
            time(opCase, cuda, name, check(opCase, cuda, precision));
        } catch (RuntimeException | AssertionError e) {
            table.fail("laboratory", name, String.valueOf(e.getMessage()));
        }
    }

    /** What the comparison gave, in words; throws if the results are wrong. */
    private <F> String check(OpCase<F> opCase, CudaBackend cuda, Precision precision) {
        boolean scalar = opCase.forwardFlops() + opCase.backwardFlops() <= MOST_REFERENCE_FLOPS;
        try (Backend other = scalar
                ? new ReferenceBackend()
                : new CpuBackend(Runtime.getRuntime().availableProcessors())) {
            Map<String, double[]> expected = Conformance.outputs(opCase, other, family(opCase, other));
            Map<String, double[]> actual = Conformance.outputs(opCase, cuda, family(opCase, cuda));
            double allowed = tolerance(opCase, precision) * (scalar ? 1 : BETWEEN_TWO);
            double largest = 0;
            for (String output : opCase.outputs()) {
                double error = error(opCase, expected.get(output), actual.get(output));
                if (!(error <= allowed)) {
                    throw new AssertionError(output + " is off by " + error + ", " + allowed + " allowed");
                }
                largest = Math.max(largest, error);
            }
            return "error %.0e".formatted(largest) + (scalar ? "" : " (cpu)");
        }
    }

    private static double tolerance(OpCase<?> opCase, Precision precision) {
        if (precision == Precision.FLOAT32) {
            return opCase.tolerance();
        }
        return opCase.forwardFlops() > MANY_FLOPS ? HALF_ERROR : HALF_LIMIT;
    }

    /** What is no number is right where it is expected. */
    private static double error(OpCase<?> opCase, double[] expected, double[] actual) {
        return Arrays.equals(expected, actual) ? 0 : Conformance.error(expected, actual, opCase.floor());
    }

    /** A whole backend is every family; the case says which is meant. */
    @SuppressWarnings({"unchecked", "UnusedVariable"})
    private static <F> F family(OpCase<F> opCase, Backend backend) {
        return (F) backend;
    }

    private <F> void time(OpCase<F> opCase, CudaBackend cuda, String name, String result) {
        F ops = family(opCase, cuda);
        double peak = limits.peak(opCase.typeOf("w", DType.F32));
        try (OpRun<F> run = opCase.open(cuda, 0)) {
            run.forward(ops);
            table.add(
                    "forward",
                    name,
                    result,
                    watch.seconds(run.queue(), () -> run.forward(ops)),
                    opCase.forwardBytes(DType.F32),
                    opCase.forwardFlops(),
                    limits.copy(),
                    peak);
            if (opCase.backward() != null) {
                table.add(
                        "backward",
                        name,
                        result,
                        watch.seconds(run.queue(), () -> run.backward(ops)),
                        opCase.backwardBytes(DType.F32),
                        opCase.backwardFlops(),
                        limits.copy(),
                        peak);
            }
        }
    }
}
