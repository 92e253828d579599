package org.espalier.bench.gpu;

import java.util.Arrays;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.Conformance;
import org.espalier.backend.OpCase;
import org.espalier.backend.Precision;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.reference.ReferenceBackend;

/**
 * An operation's results beside those of the scalar reference, or where that would take minutes those of the cpu backend, which
 * is held against it.
 */
final class Comparison {

    /**
     * What the comparison gave.
     *
     * @param error  the largest normalised mean squared error of an output
     * @param scalar whether it was with the reference
     */
    record Found(double error, boolean scalar) {}

    /** More operations than this are not computed in scalar float64. */
    private static final long MOST_REFERENCE_FLOPS = 300_000_000;
    /** Two results that are each within a tolerance of the truth are within four of each other: errors add, squared. */
    private static final double BETWEEN_TWO = 4;
    /** The square of the most by which rounding to the 8 bits of bfloat16 changes a number, relative to the number. */
    private static final double HALF_LIMIT = Math.pow(2, -16);
    /** The mean square of the same, which products of so many operations come near. */
    private static final double HALF_ERROR = HALF_LIMIT / 3;

    private static final long MANY_FLOPS = 10_000;

    private Comparison() {}

    /**
     * Runs a case on the device and compares what it gives.
     *
     * @throws AssertionError if it is wrong
     */
    static Found of(OpCase<? super Backend> opCase, CudaBackend cuda, Precision precision) {
        return compared(opCase, cuda, precision);
    }

    private static <F> Found compared(OpCase<F> opCase, CudaBackend cuda, Precision precision) {
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
            return new Found(largest, scalar);
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
}
