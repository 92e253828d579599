package org.espalier.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.espalier.tensor.DType;

/** {@link SampleOps}. */
final class SampleCases {

    private static final String RIGHT_OR_WRONG = "an index is right or wrong";

    /** Rows, columns. */
    private static final int[][] SIZES = {{1, 1}, {1, 3}, {3, 7}, {7, 17}, {17, 65}, {65, 3}, {3, 49152}, {64, 1000}};

    private static final List<Sampling> SAMPLINGS = List.of(
            new Sampling(1, 0, 1, 42),
            new Sampling(0.7, 5, 1, 42),
            new Sampling(0.8, 0, 0.9, -3),
            new Sampling(1.5, 40, 0.95, 1L << 40),
            new Sampling(1e-3, 0, 1, 7),
            new Sampling(1e30, 0, 1, 7),
            new Sampling(1, 1, 1, 42),
            new Sampling(1, 0, 1e-9, 42));

    private SampleCases() {}

    static List<OpCase<SampleOps>> all() {
        List<OpCase<SampleOps>> cases = new ArrayList<>();
        for (int[] size : SIZES) {
            cases.add(argMax(size[0], size[1]));
            cases.add(sample(size[0], size[1], new Sampling(0.9, 50, 0.8, 42)));
        }
        cases.add(ties());
        cases.add(tiesOfLanes());
        for (Sampling sampling : SAMPLINGS) {
            cases.add(sample(17, 1000, sampling));
            cases.add(sampleOfFew("equals", sampling, 2, 3, 3, 1, 3, 3, -4, 3));
            cases.add(sampleOfFew("both zeros", sampling, -0.0, 0, -1, 0, -0.0));
        }
        Sampling half = new Sampling(1, 3, 0.5, 42);
        cases.add(sampleOfFew("infinities", half, 1, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, 1e38));
        cases.add(sampleOfFew("no number", half, Double.NaN, 1, Double.NaN, 0, 2));
        cases.add(sampleOfFew("nothing", half, Double.NaN, Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY));
        return cases;
    }

    static OpCase<SampleOps> argMax(int rows, int columns) {
        return argMax(
                new CaseBuilder<SampleOps>("argMax", rows + "x" + columns).input("x", rows, columns), rows, columns);
    }

    /** The first of equals, wherever the equals are. */
    private static OpCase<SampleOps> ties() {
        int rows = 7;
        int columns = 65;
        double[] x = new double[rows * columns];
        for (int t = 0; t < rows; t++) {
            Arrays.fill(x, t * columns + 9 * t, (t + 1) * columns, -1 - t);
            Arrays.fill(x, t * columns, t * columns + 9 * t, -10);
        }
        return argMax(new CaseBuilder<SampleOps>("argMax", "ties").input("x", x, rows, columns), rows, columns);
    }

    /** Row i has its first largest at 4 · 2^i, and another one right after 4096 numbers, which a thread takes later. */
    private static OpCase<SampleOps> tiesOfLanes() {
        int rows = 10;
        int columns = 4100;
        double[] x = new double[rows * columns];
        for (int t = 0; t < rows; t++) {
            x[t * columns + (4 << t)] = 1;
            x[t * columns + 4096] = 1;
        }
        return argMax(
                new CaseBuilder<SampleOps>("argMax", "ties of lanes").input("x", x, rows, columns), rows, columns);
    }

    private static OpCase<SampleOps> argMax(CaseBuilder<SampleOps> b, long rows, long columns) {
        return b.output("out", DType.I32, rows)
                .tolerance(0, RIGHT_OR_WRONG)
                .forward(rows * columns, (ops, q, t) -> ops.argMax(q, t.get("x"), t.get("out")))
                .build();
    }

    /** Logits as far apart as a model's. */
    static OpCase<SampleOps> sample(int rows, int vocab, Sampling sampling) {
        CaseBuilder<SampleOps> b = new CaseBuilder<>("sample", rows + "x" + vocab + " " + said(sampling));
        double[] logits =
                b.random("logits").doubles((long) rows * vocab, -12, 12).toArray();
        return sample(b.input("logits", logits, rows, vocab), rows, vocab, sampling);
    }

    /** The same few logits at many positions, so that each boundary is met from both sides. */
    private static OpCase<SampleOps> sampleOfFew(String subject, Sampling sampling, double... logits) {
        int rows = 100;
        double[] repeated = new double[rows * logits.length];
        Arrays.setAll(repeated, i -> logits[i % logits.length]);
        CaseBuilder<SampleOps> b = new CaseBuilder<>("sample", subject + " " + said(sampling));
        return sample(b.input("logits", repeated, rows, logits.length), rows, logits.length, sampling);
    }

    private static String said(Sampling sampling) {
        return "temperature %s top-k %d top-p %s".formatted(sampling.temperature(), sampling.topK(), sampling.topP());
    }

    private static OpCase<SampleOps> sample(CaseBuilder<SampleOps> b, int rows, long vocab, Sampling sampling) {
        return b.randomInts("positions", rows, Integer.MAX_VALUE)
                .output("out", DType.I32, rows)
                .tolerance(0, RIGHT_OR_WRONG)
                .forward(
                        rows * vocab,
                        (ops, q, t) -> ops.sample(q, t.get("logits"), t.get("positions"), sampling, t.get("out")))
                .build();
    }
}
