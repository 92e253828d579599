package org.espalier.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.espalier.tensor.DType;

/** {@link CalibrationOps}. */
final class CalibrationCases {

    private CalibrationCases() {}

    static List<OpCase<CalibrationOps>> all() {
        List<OpCase<CalibrationOps>> cases = new ArrayList<>();
        for (Saliency magnitude : List.of(Saliency.L1, Saliency.L2)) {
            cases.add(scaled(magnitude, DType.F32, 1, 1));
            cases.add(scaled(magnitude, DType.BF16, 65, 17));
            cases.add(scaled(magnitude, DType.Q6_K, 7, 512));
        }
        for (DType type : List.of(DType.F64, DType.F32, DType.BF16, DType.F16)) {
            cases.add(scaled(Saliency.L1, type, 9, 267));
            cases.add(columnDots(130, 33, true, type, 0));
            cases.add(columnDots(130, 34, false, type, 1));
        }
        for (DType type : LinearCases.BLOCK_TYPES) {
            cases.add(scaled(Saliency.L2, type, 9, 512));
        }
        cases.add(squaredGradients(true, 0, 1, 1, 1));
        cases.add(squaredGradients(true, 0, 17, 65, 5, 1, 9));
        cases.add(squaredGradients(false, 1, 65, 17, 3, 0, 4));
        cases.add(squaredGradients(true, 1, 7, 300, 64, 64));
        cases.add(squaredGradients(false, 0, 530, 600, 33, 31));
        cases.add(columnDots(1, 1, true, DType.F32, 0));
        cases.add(columnDots(17, 65, true, DType.BF16, 1));
        cases.add(columnDots(7, 33, false, DType.F16, 0));
        cases.add(columnDots(3, 17, true, DType.F64, 1));
        cases.add(columnDots(65, 7, false, null, 0));
        cases.add(columnDots(130, 576, true, null, 1));
        return cases;
    }

    private static OpCase<CalibrationOps> scaled(Saliency magnitude, DType type, long out, long in) {
        CaseBuilder<CalibrationOps> b =
                new CaseBuilder<>("scaledSaliency", magnitude + " " + out + "x" + in + " " + type);
        double[] scale = new Random(out * in).doubles(in, 0, 3).toArray();
        return b.weight("w", type, out, in)
                .fixed("scale", DType.F64, scale, in)
                .output("rows", DType.F64, out)
                .output("columns", DType.F64, in)
                .tolerance(1e-24, ScoreCases.SUMS)
                .forward(
                        5 * out * in,
                        (ops, q, t) -> ops.scaledSaliency(
                                q, magnitude, t.get("w"), t.get("scale"), t.get("rows"), t.get("columns")))
                .build();
    }

    static OpCase<CalibrationOps> squaredGradients(
            boolean withGradient, float beta, long out, long in, int... lengths) {
        Sequences sequences = Sequences.packed(lengths);
        long tokens = sequences.queries();
        double[] factors = new Random(tokens).doubles(lengths.length, 0.5, 2).toArray();
        String name = out + "x" + in + " of " + lengths.length + " sequences, " + tokens + " tokens, beta " + (int) beta
                + (withGradient ? " with gradient" : "");
        CaseBuilder<CalibrationOps> b = new CaseBuilder<CalibrationOps>("squaredGradients", name)
                .input("x", tokens, in)
                .input("dY", tokens, out);
        if (withGradient) {
            b.target("gradient", beta, out, in);
        }
        b.target("squares", beta, out, in);
        return b.summing(tokens)
                .forward(
                        2 * tokens * in * out,
                        (ops, q, t) -> ops.squaredGradients(
                                q,
                                sequences,
                                factors,
                                t.get("x"),
                                t.get("dY"),
                                t.target("gradient", beta),
                                t.target("squares", beta)))
                .build();
    }

    static OpCase<CalibrationOps> columnDots(long tokens, long n, boolean two, DType shift, float beta) {
        String name = tokens + "x" + n + (two ? " of two" : "") + (shift == null ? "" : " shifted by " + shift)
                + " beta " + (int) beta;
        CaseBuilder<CalibrationOps> b = new CaseBuilder<CalibrationOps>("columnDots", name).input("a", tokens, n);
        if (two) {
            b.input("b", tokens, n);
        }
        if (shift != null) {
            b.weight("shift", shift, n);
        }
        if (beta == 0) {
            b.output("sums", DType.F64, n);
        } else {
            b.fixed("sums", DType.F64, new Random(n).doubles(n, -1, 1).toArray(), n)
                    .compared("sums");
        }
        return b.tolerance(1e-24, ScoreCases.SUMS)
                .forward(
                        2 * tokens * n,
                        (ops, q, t) ->
                                ops.columnDots(q, t.get("a"), t.get("shift"), t.get("b"), t.target("sums", beta)))
                .build();
    }
}
