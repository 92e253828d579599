package org.espalier.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** {@link OptimizerOps}. */
final class OptimizerCases {

    private static final AdamW SETTINGS = new AdamW(3e-3, 0.9, 0.95, 1e-8, 0.1);

    private OptimizerCases() {}

    static List<OpCase<OptimizerOps>> all() {
        List<OpCase<OptimizerOps>> cases = new ArrayList<>();
        for (long[] dims : new long[][] {{1}, {3}, {7}, {17}, {65}, {64, 577}}) {
            cases.add(sumOfSquares(dims, 0));
            cases.add(sumOfSquares(dims, 1));
            cases.add(adamW(dims, 1, false));
            cases.add(adamW(dims, 10, true));
        }
        cases.add(clipFactor("above", 25, 2));
        cases.add(clipFactor("below", 0.25, 2));
        cases.add(clipFactor("at zero", 0, 1));
        return cases;
    }

    static OpCase<OptimizerOps> sumOfSquares(long[] dims, float beta) {
        String name = (dims.length == 1 ? "" : dims[0] + "x") + dims[dims.length - 1] + " beta " + (int) beta;
        CaseBuilder<OptimizerOps> b = new CaseBuilder<OptimizerOps>("sumOfSquares", name).input("x", dims);
        if (beta == 0) {
            b.output("out", DType.F64, 1);
        } else {
            b.fixed("out", DType.F64, new double[] {1.5}, 1).compared("out");
        }
        long numbers = b.build().operand("x").shape().elements();
        return b.forward(2 * numbers, (ops, q, t) -> ops.sumOfSquares(q, t.get("x"), t.target("out", beta)))
                .build();
    }

    private static OpCase<OptimizerOps> clipFactor(String label, double sum, float maxNorm) {
        return new CaseBuilder<OptimizerOps>("clipFactor", label)
                .fixed("sumOfSquares", DType.F64, new double[] {sum}, 1)
                .output("out", DType.F32, 1)
                .forward(4, (ops, q, t) -> ops.clipFactor(q, t.get("sumOfSquares"), maxNorm, t.get("out")))
                .build();
    }

    static OpCase<OptimizerOps> adamW(long[] dims, int step, boolean clipped) {
        String name = (dims.length == 1 ? "" : dims[0] + "x") + dims[dims.length - 1] + " step " + step
                + (clipped ? " clipped" : "");
        CaseBuilder<OptimizerOps> b = new CaseBuilder<>("adamW", name);
        b.updated("w", dims).input("g", dims);
        long numbers = Shape.of(dims).elements();
        b.updated("m", dims).input("v", () -> squares(b, dims), dims).compared("v");
        if (clipped) {
            b.fixed("factor", DType.F32, new double[] {0.375}, 1);
        }
        return b.forward(
                        12 * numbers,
                        (ops, q, t) -> ops.adamW(
                                q, SETTINGS, step, t.get("w"), t.get("g"), t.get("m"), t.get("v"), t.get("factor")))
                .build();
    }

    private static double[] squares(CaseBuilder<OptimizerOps> b, long[] dims) {
        return Arrays.stream(b.normal("v", Shape.of(dims)))
                .map(number -> number * number)
                .toArray();
    }
}
