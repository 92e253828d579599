package org.espalier.backend;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** {@link ExpertOps}. */
final class ExpertCases {

    /** Tokens, experts, k. */
    private static final int[][] ROUTED = {
        {1, 1, 1}, {1, 3, 2}, {3, 4, 4}, {7, 6, 2}, {17, 33, 5}, {65, 8, 3}, {9, 70, 40}, {3, 300, 35}
    };

    /** Tokens, k, channels. */
    private static final int[][] SHARED = {
        {1, 1, 1}, {1, 2, 7}, {3, 2, 8}, {7, 3, 17}, {17, 1, 64}, {33, 4, 65}, {5, 2, 1030}
    };

    private ExpertCases() {}

    static List<OpCase<ExpertOps>> all() {
        List<OpCase<ExpertOps>> cases = new ArrayList<>();
        for (int[] size : ROUTED) {
            for (boolean normalised : new boolean[] {true, false}) {
                cases.add(route(size[0], size[1], size[2], normalised, size[0] % 2));
            }
        }
        cases.add(ties());
        for (int[] size : SHARED) {
            for (boolean weighted : new boolean[] {true, false}) {
                for (float beta : new float[] {0, 1}) {
                    cases.add(spread(size[0], size[1], size[2], weighted, beta));
                    cases.add(join(size[0], size[1], size[2], weighted, beta));
                }
            }
            cases.add(dots(size[0], size[1], size[2], size[0] % 2));
        }
        return cases;
    }

    /** Logits far enough from each other for differences, and for float32 to choose as float64 does. */
    static OpCase<ExpertOps> route(int tokens, int experts, int k, boolean normalised, float beta) {
        String name = tokens + "x" + experts + " top " + k + (normalised ? " normalised" : "");
        CaseBuilder<ExpertOps> b = new CaseBuilder<>("route", name);
        return b.input("logits", () -> spacedRows(tokens, experts, b.random("logits")), tokens, experts)
                .gradient("logits", "dLogits", beta)
                .output("chosen", DType.I32, tokens, k)
                .output("factors", tokens, k)
                .seed("factors", "dFactors")
                .cancelling(normalised ? 0.1 : 0)
                .forward(
                        (long) tokens * experts * k,
                        (ops, q, t) -> ops.route(q, t.get("logits"), normalised, t.get("chosen"), t.get("factors")))
                .backward(
                        (long) tokens * experts,
                        (ops, q, t) -> ops.routeBackward(
                                q,
                                t.get("logits"),
                                normalised,
                                t.get("chosen"),
                                t.get("factors"),
                                t.get("dFactors"),
                                t.target("dLogits", beta)))
                .build();
    }

    private static double[] spacedRows(int tokens, int experts, Random random) {
        double[] numbers = new double[tokens * experts];
        for (int t = 0; t < tokens; t++) {
            List<Integer> ranks =
                    new ArrayList<>(IntStream.range(0, experts).boxed().toList());
            Collections.shuffle(ranks, random);
            for (int e = 0; e < experts; e++) {
                numbers[t * experts + e] = 4.0 * ranks.get(e) / experts + 0.5 * random.nextDouble() / experts - 2;
            }
        }
        return numbers;
    }

    /** Of equal logits the first are chosen, and what is not a number is the least. */
    private static OpCase<ExpertOps> ties() {
        double[] logits = {
            1,
            1,
            1,
            0,
            1,
            2,
            2,
            Double.NEGATIVE_INFINITY,
            2,
            2,
            Double.NEGATIVE_INFINITY,
            3,
            Double.NEGATIVE_INFINITY,
            3,
            5
        };
        return new CaseBuilder<ExpertOps>("route", "ties")
                .input("logits", logits, 3, 5)
                .output("chosen", DType.I32, 3, 3)
                .output("factors", 3, 3)
                .forward(45, (ops, q, t) -> ops.route(q, t.get("logits"), true, t.get("chosen"), t.get("factors")))
                .build();
    }

    static OpCase<ExpertOps> spread(int tokens, int k, int channels, boolean weighted, float beta) {
        CaseBuilder<ExpertOps> b = shuffled("spreadRows", tokens, k, channels, weighted, beta);
        b.input("source", tokens, channels).gradient("source", "dSource", 1);
        factors(b, tokens, k, weighted, 1);
        b.target("out", beta, (long) tokens * k, channels).seed("out", "dOut");
        return b.forward(
                        (long) tokens * k * channels,
                        (ops, q, t) -> ops.spreadRows(
                                q, t.get("source"), t.get("rows"), factors(t, weighted), t.target("out", beta)))
                .backward((long) tokens * k * channels, (ops, q, t) -> {
                    ops.joinRows(q, t.get("dOut"), t.get("back"), factors(t, weighted), t.target("dSource", 1));
                    if (weighted) {
                        ops.rowDots(q, t.get("source"), t.get("dOut"), t.get("back"), t.target("dFactors", 1));
                    }
                })
                .build();
    }

    static OpCase<ExpertOps> join(int tokens, int k, int channels, boolean weighted, float beta) {
        CaseBuilder<ExpertOps> b = shuffled("joinRows", tokens, k, channels, weighted, beta);
        b.input("source", (long) tokens * k, channels).gradient("source", "dSource", 0);
        factors(b, tokens, k, weighted, 0);
        b.target("out", beta, tokens, channels).seed("out", "dOut");
        return b.forward(
                        (long) tokens * k * channels,
                        (ops, q, t) -> ops.joinRows(
                                q, t.get("source"), t.get("back"), factors(t, weighted), t.target("out", beta)))
                .backward((long) tokens * k * channels, (ops, q, t) -> {
                    ops.spreadRows(q, t.get("dOut"), t.get("rows"), factors(t, weighted), t.target("dSource", 0));
                    if (weighted) {
                        ops.rowDots(q, t.get("dOut"), t.get("source"), t.get("back"), t.target("dFactors", 0));
                    }
                })
                .build();
    }

    private static OpCase<ExpertOps> dots(int tokens, int k, int channels, float beta) {
        CaseBuilder<ExpertOps> b = shuffled("rowDots", tokens, k, channels, false, beta);
        return b.input("a", tokens, channels)
                .input("source", (long) tokens * k, channels)
                .target("out", beta, tokens, k)
                .cancelling(channels)
                .forward(
                        2L * tokens * k * channels,
                        (ops, q, t) ->
                                ops.rowDots(q, t.get("a"), t.get("source"), t.get("back"), t.target("out", beta)))
                .build();
    }

    private static void factors(CaseBuilder<ExpertOps> b, int tokens, int k, boolean weighted, float beta) {
        if (weighted) {
            b.input("factors", tokens, k).gradient("factors", "dFactors", beta);
        }
    }

    private static Tensor factors(OpRun<ExpertOps> t, boolean weighted) {
        return weighted ? t.get("factors") : null;
    }

    /** Rows in some order, and where each has gone. */
    private static CaseBuilder<ExpertOps> shuffled(
            String operation, int tokens, int k, int channels, boolean weighted, float beta) {
        String name = tokens + " by " + k + " of " + channels + (weighted ? " weighted" : "") + " beta " + (int) beta;
        CaseBuilder<ExpertOps> b = new CaseBuilder<>(operation, name);
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, tokens * k).boxed().toList());
        Collections.shuffle(order, b.random("rows"));
        int[] rows = order.stream().mapToInt(Integer::intValue).toArray();
        int[] back = new int[rows.length];
        for (int i = 0; i < rows.length; i++) {
            back[rows[i]] = i;
        }
        return b.ints("rows", rows).ints("back", back);
    }
}
