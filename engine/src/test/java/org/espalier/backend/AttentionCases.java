package org.espalier.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.tensor.Shape;

/** {@link AttentionOps}. */
final class AttentionCases {

    private AttentionCases() {}

    static List<OpCase<AttentionOps>> all() {
        List<OpCase<AttentionOps>> cases = new ArrayList<>(rotary());
        cases.addAll(attention());
        return cases;
    }

    private static List<OpCase<AttentionOps>> rotary() {
        // tokens, heads, headDim, and how much of it turns, if not all
        int[][] sizes = {
            {1, 1, 2},
            {1, 3, 8},
            {3, 1, 8},
            {7, 3, 64},
            {17, 2, 6},
            {65, 7, 14},
            {64, 9, 64},
            {5, 4, 130},
            {1, 1, 3, 2},
            {7, 3, 80, 32},
            {5, 2, 12, 4},
            {17, 2, 9, 6},
            {3, 5, 40, 24}
        };
        // The same, and positions of each token.
        int[][] severalPositions = {{5, 3, 16, 8, 2}, {7, 2, 11, 4, 2}, {3, 5, 128, 64, 2}, {4, 1, 18, 6, 3}};
        List<OpCase<AttentionOps>> cases = new ArrayList<>();
        for (int[] size : severalPositions) {
            cases.add(rotary(size, false, false, 1));
            cases.add(rotary(size, false, true, 0));
            cases.add(rotary(size, true, false, 0));
            cases.add(rotary(size, true, true, 1));
        }
        for (int[] size : sizes) {
            cases.add(rotary(size, false, false, 0));
            cases.add(rotary(size, false, true, 1));
            cases.add(rotary(size, true, false, 1));
            cases.add(rotary(size, true, true, 0));
        }
        return cases;
    }

    static OpCase<AttentionOps> rotary(int[] size, boolean interleaved, boolean inverse, float beta) {
        long[] dims = {size[0], size[1], size[2]};
        int positions = size[0] + 5;
        int half = size[Math.min(3, size.length - 1)] / 2;
        String part = (size.length > 3 ? " by " + size[3] : "") + (size.length > 4 ? " times " + size[4] : "");
        String name = size[0] + "x" + size[1] + "x" + size[2] + part + (interleaved ? " interleaved" : " halves")
                + (inverse ? " inverse" : "") + " beta " + (int) beta;
        long numbers = dims[0] * dims[1] * dims[2];
        CaseBuilder<AttentionOps> builder = new CaseBuilder<AttentionOps>("rotary", name).input("x", dims);
        return (size.length > 4
                        ? builder.randomInts("positions", new long[] {size[0], size[4]}, positions)
                        : builder.randomInts("positions", size[0], positions))
                .input("table", angles(positions, half), positions, 2, half)
                .target("y", beta, dims)
                .seed("y", "dY")
                .gradient("x", "dX", beta)
                .forward(
                        3 * numbers,
                        (ops, q, t) -> ops.rotary(
                                q,
                                t.get("x"),
                                t.get("positions"),
                                t.get("table"),
                                interleaved,
                                inverse,
                                t.target("y", beta)))
                .backward(
                        3 * numbers,
                        (ops, q, t) -> ops.rotary(
                                q,
                                t.get("dY"),
                                t.get("positions"),
                                t.get("table"),
                                interleaved,
                                !inverse,
                                t.target("dX", beta)))
                .build();
    }

    /** Cosines then sines of angles {@code position · 10000^(−pair / half)}. */
    private static double[] angles(int positions, int half) {
        double[] table = new double[positions * 2 * half];
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < half; i++) {
                double angle = p * Math.pow(10000, -(double) i / half);
                table[(2 * p) * half + i] = Math.cos(angle);
                table[(2 * p + 1) * half + i] = Math.sin(angle);
            }
        }
        return table;
    }

    private static List<OpCase<AttentionOps>> attention() {
        Sequences mixed = Sequences.packed(1, 5, 17, 3);
        // Two sequences far apart in one cache, one with a single new query, one with three.
        Sequences twoCaches = new Sequences(new int[] {0, 1, 4}, new int[] {20, 2}, new int[] {10, 17});
        Sequences sharedKeys = new Sequences(new int[] {0, 2, 9}, new int[] {0, 3}, new int[] {9, 12});
        List<OpCase<AttentionOps>> cases = new ArrayList<>();
        cases.add(new Form("one token", Sequences.packed(1), 1, 1, 1, 8, 8)
                .cancelling()
                .build());
        cases.add(new Form("one token of 3 groups", Sequences.packed(1), 1, 6, 3, 7, 3)
                .cancelling()
                .beta(1)
                .build());
        cases.add(new Form("3 tokens", Sequences.packed(3), 3, 1, 1, 1, 1).build());
        cases.add(
                new Form("7 tokens", Sequences.packed(7), 7, 2, 1, 8, 8).beta(1).build());
        cases.add(new Form("packed", mixed, 26, 3, 3, 8, 8).build());
        cases.add(new Form("packed", mixed, 26, 4, 2, 8, 17).beta(1).build());
        cases.add(new Form("packed", mixed, 26, 9, 3, 64, 64).build());
        cases.add(new Form("packed with an empty sequence", Sequences.packed(2, 0, 4), 6, 2, 2, 7, 7).build());
        cases.add(new Form("65 tokens", Sequences.packed(65), 65, 3, 1, 17, 65).build());
        cases.add(new Form("cached, one query", Sequences.cached(7, 1), 8, 4, 2, 8, 8).build());
        cases.add(new Form("cached, 3 queries, room left", Sequences.cached(17, 3), 31, 6, 2, 8, 8).build());
        cases.add(new Form("cached, 3 queries, room left", Sequences.cached(17, 3), 31, 6, 2, 8, 8)
                .beta(1)
                .build());
        cases.add(new Form("two caches", twoCaches, 40, 3, 1, 64, 64).build());
        cases.add(new Form("shared keys", sharedKeys, 17, 4, 2, 8, 8).build());
        Sequences prompts = new Sequences.Builder()
                .add(0, 0, 9, 5)
                .add(9, 0, 4, 4)
                .add(13, 3, 3, 2)
                .build();
        cases.add(new Form("prompts read as a whole", prompts, 20, 4, 2, 8, 8).build());
        cases.add(new Form("prompts read as a whole", prompts, 20, 3, 3, 8, 8)
                .beta(1)
                .build());
        cases.add(new Form("long cache, one query", Sequences.cached(299, 1), 320, 9, 3, 64, 64).build());
        cases.add(new Form("long cache, 4 queries", Sequences.cached(600, 4), 640, 10, 2, 24, 130).build());
        cases.add(new Form("long cache, 70 queries", Sequences.cached(70, 70), 140, 2, 1, 130, 140).build());
        cases.add(new Form("300 tokens", Sequences.packed(300), 300, 9, 3, 64, 64).build());
        // Widths beyond one block's columns, whole vectors and not; keys in several tiles; keys in more than four
        // splits.
        for (int[] dims : new int[][] {
            {136, 132},
            {134, 135},
            {133, 134},
            {135, 133},
            {69, 70},
            {71, 69},
            {70, 71},
            {264, 8},
            {261, 130},
            {200, 200},
            {200, 197},
            {197, 198},
            {198, 199},
            {199, 4}
        }) {
            cases.add(new Form("wide packed", Sequences.packed(5, 6, 7), 18, 2, 1, dims[0], dims[1]).build());
            cases.add(new Form("wide packed", Sequences.packed(9), 9, 1, 1, dims[0], dims[1])
                    .beta(1)
                    .build());
            cases.add(new Form("wide cached", Sequences.cached(6, 2), 9, 4, 1, dims[0], dims[1]).build());
            AttentionForm narrow = new AttentionForm(0.1, 3, 5);
            cases.add(new Form("wide packed", Sequences.packed(5, 6, 7), 18, 2, 1, dims[0], dims[1])
                    .like(narrow, true)
                    .build());
            cases.add(new Form("wide cached", Sequences.cached(6, 2), 9, 4, 1, dims[0], dims[1])
                    .like(narrow, true)
                    .beta(1)
                    .build());
        }
        cases.add(new Form("66 tokens", Sequences.packed(66), 66, 1, 1, 8, 8).build());
        cases.add(new Form("66 tokens", Sequences.packed(66), 66, 2, 1, 3, 7)
                .beta(1)
                .build());
        cases.add(new Form("six splits", Sequences.cached(1400, 2), 1404, 5, 1, 3, 2).build());
        cases.add(new Form("seven splits", Sequences.cached(1540, 1), 1541, 1, 1, 3, 2).build());
        cases.add(new Form("five splits", Sequences.cached(1030, 2), 1032, 1, 1, 3, 130).build());
        cases.addAll(formed(mixed, twoCaches));
        cases.add(new Form("dQuery only", mixed, 26, 4, 2, 8, 8).wants("query").build());
        cases.add(new Form("dKey only", mixed, 26, 4, 2, 8, 8).wants("key").build());
        cases.add(new Form("dValue only", mixed, 26, 4, 2, 8, 8)
                .wants("value")
                .beta(1)
                .build());
        return cases;
    }

    /** Windows, bounded scores and slopes, one by one and together. */
    private static List<OpCase<AttentionOps>> formed(Sequences mixed, Sequences twoCaches) {
        List<OpCase<AttentionOps>> cases = new ArrayList<>();
        for (AttentionForm form : List.of(
                new AttentionForm(0.3, 0, 4),
                new AttentionForm(0.3, 1.5, 0),
                new AttentionForm(0.3, 0, 0),
                new AttentionForm(0.3, 2, 5))) {
            boolean sloped = form.cap() == 0 == (form.window() == 0);
            cases.add(new Form("packed", mixed, 26, 4, 2, 8, 17)
                    .like(form, sloped)
                    .build());
            cases.add(new Form("two caches", twoCaches, 40, 6, 2, 8, 8)
                    .like(form, sloped)
                    .beta(1)
                    .build());
        }
        AttentionForm all = new AttentionForm(0.3, 2, 70);
        cases.add(new Form("200 tokens", Sequences.packed(200), 200, 2, 1, 8, 8)
                .like(all, true)
                .build());
        cases.add(new Form("200 tokens, narrow", Sequences.packed(200), 200, 2, 1, 8, 8)
                .like(new AttentionForm(0.3, 0, 3), false)
                .build());
        cases.add(new Form("long cache, 70 queries", Sequences.cached(130, 70), 210, 2, 1, 130, 140)
                .like(all, true)
                .build());
        cases.add(new Form("seven splits", Sequences.cached(1540, 2), 1542, 5, 1, 3, 130)
                .like(new AttentionForm(0.3, 2, 700), true)
                .build());
        cases.add(new Form("a window wider than the cache", Sequences.cached(17, 1), 20, 2, 2, 8, 8)
                .like(new AttentionForm(0.3, 0, 400), false)
                .build());
        cases.add(new Form(
                        "shared keys",
                        new Sequences(new int[] {0, 2, 9}, new int[] {0, 3}, new int[] {9, 12}),
                        17,
                        4,
                        2,
                        8,
                        8)
                .like(new AttentionForm(0.3, 1, 6), true)
                .build());
        return cases;
    }

    /** Attention of one size, with every gradient. */
    static OpCase<AttentionOps> causal(
            String label, Sequences sequences, int rows, int heads, int kvHeads, int headDim) {
        return new Form(label, sequences, rows, heads, kvHeads, headDim, headDim).build();
    }

    /** A case of attention being put together. */
    private static final class Form {

        private final String label;
        private final Sequences sequences;
        private final int rows;
        private final int heads;
        private final int kvHeads;
        private final int headDim;
        private final int valueDim;
        private float beta;
        private boolean cancelling;
        private AttentionForm form;
        private boolean sloped;
        private List<String> wanted = List.of("query", "key", "value");

        Form(String label, Sequences sequences, int rows, int heads, int kvHeads, int headDim, int valueDim) {
            this.label = label;
            this.sequences = sequences;
            this.rows = rows;
            this.heads = heads;
            this.kvHeads = kvHeads;
            this.headDim = headDim;
            this.valueDim = valueDim;
            this.form = AttentionForm.plain(1 / Math.sqrt(headDim));
        }

        Form like(AttentionForm other, boolean withSlopes) {
            this.form = other;
            this.sloped = withSlopes;
            return this;
        }

        Form beta(float value) {
            this.beta = value;
            return this;
        }

        /** With one key the gradients of query and key are differences of equal terms of about this size. */
        Form cancelling() {
            this.cancelling = true;
            return this;
        }

        Form wants(String... inputs) {
            this.wanted = List.of(inputs);
            return this;
        }

        OpCase<AttentionOps> build() {
            long tokens = sequences.queries();
            String name = label + " " + heads + "/" + kvHeads + " heads of " + headDim + "/" + valueDim + " beta "
                    + (int) beta + (form.cap() > 0 ? " up to " + form.cap() : "")
                    + (form.window() > 0 ? " window " + form.window() : "") + (sloped ? " sloped" : "");
            CaseBuilder<AttentionOps> b = new CaseBuilder<>("attention", name);
            if (sloped) {
                b.input(
                        "slopes",
                        IntStream.rangeClosed(1, heads)
                                .mapToDouble(h -> 0.5 / h)
                                .toArray(),
                        heads);
            }
            b.input("query", tokens, heads, headDim)
                    .input("key", () -> cache(b, "key", headDim), rows, kvHeads, headDim)
                    .input("value", () -> cache(b, "value", valueDim), rows, kvHeads, valueDim)
                    .output("out", tokens, heads, valueDim)
                    .output("logSum", tokens, heads)
                    .seed("out", "dOut");
            for (String input : wanted) {
                b.gradient(input, gradientOf(input), beta);
            }
            if (cancelling) {
                b.cancelling(1);
            }
            long pairs = pairs() * heads;
            return b.forward(
                            2 * pairs * (headDim + valueDim),
                            (ops, q, t) -> ops.attention(q, input(t), t.get("out"), t.get("logSum")))
                    .backward(
                            2 * pairs * (3 * headDim + 2 * valueDim),
                            (ops, q, t) -> ops.attentionBackward(
                                    q,
                                    input(t),
                                    t.get("out"),
                                    t.get("logSum"),
                                    t.get("dOut"),
                                    t.target("dQuery", beta),
                                    t.target("dKey", beta),
                                    t.target("dValue", beta)))
                    .build();
        }

        private AttentionInput input(OpRun<AttentionOps> t) {
            return new AttentionInput(
                    sequences, form, t.get("query"), t.get("key"), t.get("value"), sloped ? t.get("slopes") : null);
        }

        private static String gradientOf(String input) {
            return "d" + Character.toUpperCase(input.charAt(0)) + input.substring(1);
        }

        /** Rows that no sequence looks at hold NaN, as memory of a cache may that was never written. */
        private double[] cache(CaseBuilder<AttentionOps> b, String operand, int dim) {
            double[] numbers = b.normal(operand, Shape.of(rows, kvHeads, dim));
            int width = kvHeads * dim;
            for (int row = 0; row < rows; row++) {
                if (!seen(row)) {
                    Arrays.fill(numbers, row * width, (row + 1) * width, Double.NaN);
                }
            }
            return numbers;
        }

        private boolean seen(int row) {
            for (int s = 0; s < sequences.count(); s++) {
                int start = sequences.keyStart()[s];
                if (row >= start && row < start + sequences.keyCount()[s]) {
                    return true;
                }
            }
            return false;
        }

        /** Query and key pairs that causality allows. */
        private long pairs() {
            long pairs = 0;
            for (int s = 0; s < sequences.count(); s++) {
                long queries = sequences.queries(s);
                pairs += queries * (sequences.keyCount()[s] - queries) + queries * (queries + 1) / 2;
            }
            return pairs;
        }
    }
}
