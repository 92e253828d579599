package org.espalier.backend;

import java.util.ArrayList;
import java.util.List;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** {@link SolveOps}. */
final class SolveCases {

    private SolveCases() {}

    static List<OpCase<SolveOps>> all() {
        List<OpCase<SolveOps>> cases = new ArrayList<>();
        for (int[] size : new int[][] {{1, 1, 1}, {7, 3, 65}, {65, 17, 1}, {513, 129, 33}, {1100, 300, 577}}) {
            cases.add(correlate(size[0], size[1], size[2], false, 0));
            cases.add(correlate(size[0], size[1], size[2], true, 1));
        }
        for (int[] size : new int[][] {{1, 1}, {3, 7}, {65, 1}, {96, 64}, {97, 65}, {300, 130}}) {
            cases.add(solve(size[0], size[1]));
        }
        return cases;
    }

    static OpCase<SolveOps> correlate(int tokens, int n, int m, boolean weighted, float beta) {
        String name = tokens + "x" + n + "x" + m + (weighted ? " weighted" : "") + " beta " + (int) beta;
        CaseBuilder<SolveOps> b = new CaseBuilder<SolveOps>("correlate", name)
                .input("a", tokens, n)
                .input("b", tokens, m);
        if (weighted) {
            b.input("weights", tokens);
        }
        if (beta == 0) {
            b.output("sum", DType.F64, n, m);
        } else {
            b.fixed("sum", DType.F64, () -> b.normal("sum", Shape.of(n, m)), n, m)
                    .compared("sum");
        }
        return b.summing(Math.min(tokens, 512))
                .forward(
                        2L * tokens * n * m,
                        (ops, q, t) ->
                                ops.correlate(q, t.get("a"), t.get("b"), t.get("weights"), t.target("sum", beta)))
                .build();
    }

    private static OpCase<SolveOps> solve(int n, int m) {
        CaseBuilder<SolveOps> b = new CaseBuilder<>("solve", n + "x" + m);
        return b.fixed("matrix", DType.F64, () -> definite(b, n), n, n)
                .fixed("right", DType.F64, () -> b.normal("right", Shape.of(n, m)), n, m)
                .compared("right")
                .tolerance(1e-24, "float64 throughout: rounding is about 1e-30 at conditions below 10")
                .forward(
                        (long) n * n * n / 3 + 2L * n * n * m,
                        (ops, q, t) -> ops.solve(q, t.get("matrix"), t.get("right")))
                .build();
    }

    /** A Gram matrix with a ridge, so that it is definite and its condition small. */
    private static double[] definite(CaseBuilder<SolveOps> b, int n) {
        double[] factor = b.normal("factor", Shape.of(n, n));
        double[] matrix = new double[n * n];
        for (int i = 0; i < n; i++) {
            matrix[i * n + i] = n;
            for (int j = 0; j < n; j++) {
                for (int k = 0; k < n; k++) {
                    matrix[i * n + j] += factor[i * n + k] * factor[j * n + k];
                }
            }
        }
        return matrix;
    }
}
