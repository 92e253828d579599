package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.espalier.backend.reference.ReferenceBackend;

/** Compares what a backend makes of a case with what the reference makes of it. */
public final class Conformance {

    /** Weights lie at odd addresses, as they may in a file. */
    private static final int MISALIGNED = 1;

    private Conformance() {}

    /**
     * Runs a case forward and backward on both, and compares every output.
     *
     * @param memory the backend's memory
     * @param ops    the backend's operations of the case's family
     */
    public static <F> void check(OpCase<F> opCase, MemoryOps memory, F ops) {
        check(opCase, memory, ops, 0);
    }

    /** As above, where results may miss the reference's by a normalised mean squared error of {@code most}, if that is more. */
    public static <F> void check(OpCase<F> opCase, MemoryOps memory, F ops, double most) {
        check(opCase, reference(opCase), memory, ops, most);
    }

    /** As above, against what {@link #reference} makes of the case. */
    public static <F> void check(
            OpCase<F> opCase, Map<String, double[]> expected, MemoryOps memory, F ops, double most) {
        Map<String, double[]> actual = outputs(opCase, memory, ops);
        for (String output : opCase.outputs()) {
            compare(opCase, output, expected.get(output), actual.get(output), Math.max(most, opCase.tolerance()));
        }
    }

    /** What a backend makes of a case. */
    public static <F> Map<String, double[]> outputs(OpCase<F> opCase, MemoryOps memory, F ops) {
        try (OpRun<F> run = opCase.open(memory, MISALIGNED)) {
            return run.outputs(ops);
        }
    }

    /** What the reference makes of a case. It has every family, so it is an {@code F} whatever that is. */
    @SuppressWarnings("unchecked")
    public static <F> Map<String, double[]> reference(OpCase<F> opCase) {
        try (ReferenceBackend reference = new ReferenceBackend()) {
            return outputs(opCase, reference, (F) reference);
        }
    }

    private static void compare(OpCase<?> opCase, String output, double[] expected, double[] actual, double most) {
        if (most == 0) {
            assertArrayEquals(expected, actual, () -> opCase + ", " + output + " (" + opCase.reason() + ")");
            return;
        }
        double error = error(expected, actual, opCase.floor());
        assertTrue(
                error <= most,
                () -> opCase + ", " + output + ": normalised mean squared error " + error + ", at most " + most
                        + " allowed (" + opCase.reason() + ")");
    }

    /**
     * {@code mean (actual − expected)² / max(mean expected², floor)}; 0 where all are zero on both sides, NaN or infinite
     * if anything is.
     */
    public static double error(double[] expected, double[] actual, double floor) {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]) / expected.length;
            size += expected[i] * expected[i] / expected.length;
        }
        return difference == 0 ? 0 : difference / Math.max(size, floor);
    }
}
