package org.espalier.backend;

import java.util.ArrayList;
import java.util.List;
import org.espalier.tensor.Shape;

/** {@link ActivationOps}. */
final class ActivationCases {

    private static final long[][] SIZES = {{1}, {3, 7}, {17, 65}, {3, 7, 17}};

    private ActivationCases() {}

    static List<OpCase<ActivationOps>> all() {
        List<OpCase<ActivationOps>> cases = new ArrayList<>();
        for (ActivationFunction function : ActivationFunction.values()) {
            for (long[] dims : SIZES) {
                cases.add(activation(function, dims, 0));
                cases.add(activation(function, dims, 1));
            }
            // More than the threads of one multiprocessor take at once.
            cases.add(activation(function, new long[] {9, 1032}, 1));
            cases.add(of(function, "tails", tails()));
            // So large that exponentials overflow or vanish in float32; one has a slope whatever the function.
            cases.add(of(function, "saturated", 0.5, -1e4, -200, -104, -89, -30, 30, 88, 89, 104, 200, 1e4));
            cases.add(inPlace(function));
            cases.add(gradientInPlace(function));
        }
        return cases;
    }

    static OpCase<ActivationOps> activation(ActivationFunction function, long[] dims, float beta) {
        CaseBuilder<ActivationOps> b = builder(function, ElementwiseCases.size(dims) + " beta " + (int) beta);
        return withGradient(b.input("x", dims), function, dims, beta);
    }

    private static OpCase<ActivationOps> of(ActivationFunction function, String label, double... numbers) {
        long[] dims = {numbers.length};
        return withGradient(builder(function, label).input("x", numbers, dims), function, dims, 0);
    }

    /** From where nothing is left of the negative side to where nothing is missing of the positive one; not 0. */
    private static double[] tails() {
        double[] numbers = new double[97];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = -15 + 0.23 * i;
        }
        return numbers;
    }

    private static OpCase<ActivationOps> inPlace(ActivationFunction function) {
        return builder(function, "7x65 in place")
                .input("x", 7, 65)
                .alias("y", "x")
                .compared("x")
                .forward(7 * 65, (ops, q, t) -> ops.activation(q, function, t.get("x"), t.get("y")))
                .build();
    }

    private static OpCase<ActivationOps> gradientInPlace(ActivationFunction function) {
        return builder(function, "7x65 gradient in place")
                .input("x", 7, 65)
                .input("dY", 7, 65)
                .alias("dX", "dY")
                .compared("dY")
                .forward(
                        7 * 65,
                        (ops, q, t) -> ops.activationBackward(q, function, t.get("x"), t.get("dY"), t.target("dX", 0)))
                .build();
    }

    private static CaseBuilder<ActivationOps> builder(ActivationFunction function, String distinction) {
        return new CaseBuilder<>("activation", function + " " + distinction);
    }

    private static OpCase<ActivationOps> withGradient(
            CaseBuilder<ActivationOps> b, ActivationFunction function, long[] dims, float beta) {
        long numbers = Shape.of(dims).elements();
        return b.output("y", dims)
                .seed("y", "dY")
                .gradient("x", "dX", beta)
                .forward(5 * numbers, (ops, q, t) -> ops.activation(q, function, t.get("x"), t.get("y")))
                .backward(
                        10 * numbers,
                        (ops, q, t) ->
                                ops.activationBackward(q, function, t.get("x"), t.get("dY"), t.target("dX", beta)))
                .build();
    }
}
