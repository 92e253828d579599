package org.espalier.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.backend.reference.ReferenceBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every gradient of the reference against central differences of the scalar {@code Σ seed · output}. In float64 with steps
 * of 1e-5 a difference is wrong by about 1e-10 (rounding over the step, and the third derivative times its square), so a
 * gradient may be off by 1e-6 of the largest of its tensor's.
 */
class OpGradientTest {

    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-6;
    /** Larger cases have the same formulas, and differences cost two forward steps each. */
    private static final long MOST_FLOPS = 300_000;
    /** Entries of one operand that are tried, spread evenly. */
    private static final int MOST_ENTRIES = 31;

    /** Operations whose backward step is made of the operation itself or of others. */
    private static final Set<String> OWN_DERIVATIVES = Set.of("copyColumns", "dropout", "multiply", "rotary");

    private final ReferenceBackend reference = new ReferenceBackend();

    static Stream<OpCase<? super Backend>> differentiable() {
        return OpCases.all()
                .filter(c -> !c.gradients().isEmpty() && c.forwardFlops() <= MOST_FLOPS)
                .filter(c -> c.operands().stream()
                        .allMatch(o -> o.type() == null || o.type().plain()));
    }

    @ParameterizedTest
    @MethodSource("differentiable")
    void agreesWithCentralDifferences(OpCase<? super Backend> opCase) {
        check(opCase.exact());
    }

    @Test
    void everyOperationWithABackwardStepIsTried() {
        Set<String> withGradients = operations(OpCases.all().filter(c -> c.backward() != null));
        assertEquals(withGradients, operations(differentiable()));
        Set<String> differentiated = Arrays.stream(Backend.class.getMethods())
                .map(Method::getName)
                .filter(name -> name.contains("Backward"))
                .map(name -> name.substring(0, name.indexOf("Backward")))
                .collect(Collectors.toCollection(TreeSet::new));
        assertTrue(withGradients.containsAll(differentiated), () -> "of " + differentiated + " only " + withGradients);
        assertTrue(withGradients.containsAll(OWN_DERIVATIVES), () -> "only " + withGradients);
    }

    private static Set<String> operations(Stream<OpCase<? super Backend>> cases) {
        return cases.map(OpCase::operation).collect(Collectors.toCollection(TreeSet::new));
    }

    private <F> void check(OpCase<F> opCase) {
        @SuppressWarnings("unchecked")
        F ops = (F) reference;
        try (OpRun<F> run = opCase.open(reference, 0)) {
            Map<String, double[]> outputs = run.outputs(ops);
            for (Map.Entry<String, String> pair : opCase.gradients().entrySet()) {
                double[] before = opCase.operand(pair.getValue()).numbers();
                check(opCase, run, ops, pair.getKey(), before, outputs.get(pair.getValue()));
            }
        }
    }

    private static <F> void check(
            OpCase<F> opCase, OpRun<F> run, F ops, String input, double[] before, double[] after) {
        double[] at = run.read(input);
        double[] gradient = after.clone();
        double largest = 0;
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] -= Double.isNaN(before[i]) ? 0 : before[i];
            assertTrue(Double.isFinite(gradient[i]), () -> opCase + ": gradient of " + input + " is not finite");
            largest = Math.max(largest, Math.abs(gradient[i]));
        }
        double allowed = TOLERANCE * Math.max(largest, opCase.floor());
        int stride = Math.max(1, at.length / MOST_ENTRIES);
        for (int i = 0; i < at.length; i += stride) {
            // Numbers that nobody looks at are NaN: they have no influence, so their gradient must be 0.
            double expected = Double.isNaN(at[i]) ? 0 : difference(opCase, run, ops, input, at, i);
            int index = i;
            assertEquals(expected, gradient[i], allowed, () -> opCase + ": gradient of " + input + "[" + index + "]");
        }
        run.write(input, at);
    }

    private static <F> double difference(OpCase<F> opCase, OpRun<F> run, F ops, String input, double[] at, int i) {
        double[] moved = at.clone();
        moved[i] = at[i] + STEP;
        run.write(input, moved);
        double above = objective(opCase, run, ops);
        moved[i] = at[i] - STEP;
        run.write(input, moved);
        return (above - objective(opCase, run, ops)) / (2 * STEP);
    }

    private static <F> double objective(OpCase<F> opCase, OpRun<F> run, F ops) {
        // An output that is added to starts from the same numbers each time.
        for (String output : opCase.seeds().keySet()) {
            if (opCase.operand(output).role() == Operand.Role.INPUT) {
                run.write(output, opCase.operand(output).numbers());
            }
        }
        run.forward(ops);
        double sum = 0;
        for (Map.Entry<String, Supplier<double[]>> seed : opCase.seeds().entrySet()) {
            double[] output = run.read(seed.getKey());
            double[] weights = seed.getValue().get();
            for (int i = 0; i < output.length; i++) {
                sum += weights[i] * output[i];
            }
        }
        return sum;
    }
}
