package org.espalier.backend;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.tensor.DType;

/** {@link EmbeddingOps}. */
final class EmbeddingCases {

    /** Tokens, vocabulary, channels. */
    private static final int[][] SIZES = {
        {1, 1, 1}, {1, 3, 7}, {3, 7, 1}, {7, 3, 17}, {17, 65, 65}, {65, 17, 3}, {64, 500, 576}
    };

    private EmbeddingCases() {}

    static List<OpCase<EmbeddingOps>> all() {
        List<OpCase<EmbeddingOps>> cases = new ArrayList<>();
        for (int[] size : SIZES) {
            for (DType type : List.of(DType.F32, DType.BF16, DType.F16)) {
                cases.add(embedding(size, type));
            }
        }
        for (DType type : List.of(DType.F64, DType.F32, DType.BF16, DType.F16)) {
            cases.add(embedding(new int[] {5, 4, 1031}, type));
        }
        for (DType type : List.of(
                DType.Q4_0, DType.Q4_1, DType.Q5_0, DType.Q5_1, DType.Q8_0, DType.Q4_K, DType.Q5_K, DType.Q6_K)) {
            cases.add(embedding(new int[] {7, 17, 1280}, type));
        }
        cases.add(embedding(new int[] {7, 17, 65}, DType.F64));
        cases.add(embedding(new int[] {1100, 5, 12}, DType.F32));
        for (int tokens : new int[] {1, 3, 7, 17}) {
            cases.add(scatter(tokens, 20, 3, 8));
            cases.add(gather(tokens, 20, 3, 8));
        }
        cases.add(scatter(1, 1, 1, 1));
        cases.add(gather(65, 7, 1, 65));
        for (DType type : List.of(DType.BF16, DType.I8)) {
            cases.add(gatherStored(type, 7, 65));
            cases.add(scatterStored(type, 65));
        }
        cases.add(gatherStored(DType.F32, 2, 4400));
        cases.add(scatterStored(DType.F32, 4400));
        for (DType type : List.of(DType.F32, DType.BF16, DType.I8)) {
            cases.add(gatherStored(type, 2, 1101));
            cases.add(scatterStored(type, 1101));
        }
        return cases;
    }

    static OpCase<EmbeddingOps> embedding(int[] size, DType type) {
        int tokens = size[0];
        int vocab = size[1];
        long channels = size[2];
        String name = tokens + " of " + vocab + "x" + channels + " " + type;
        return new CaseBuilder<EmbeddingOps>("embedding", name)
                .randomInts("ids", tokens, vocab)
                .weight("table", type, vocab, channels)
                .touching(tokens * channels)
                .output("out", tokens, channels)
                .seed("out", "dOut")
                .gradient("table", "dTable", 1)
                .touching(tokens * channels)
                .forward(0, (ops, q, t) -> ops.embedding(q, t.get("ids"), t.get("table"), t.get("out")))
                .backward(
                        tokens * channels,
                        (ops, q, t) -> ops.embeddingBackward(q, t.get("ids"), t.get("dOut"), t.get("dTable")))
                .build();
    }

    static OpCase<EmbeddingOps> scatter(int tokens, int capacity, int heads, int headDim) {
        CaseBuilder<EmbeddingOps> b =
                new CaseBuilder<>("scatterRows", tokens + " into " + capacity + "x" + heads + "x" + headDim);
        List<Integer> rows =
                new ArrayList<>(IntStream.range(0, capacity).boxed().toList());
        Collections.shuffle(rows, b.random("rows"));
        return copied(b)
                .input("source", tokens, heads, headDim)
                .ints(
                        "rows",
                        rows.stream().mapToInt(Integer::intValue).limit(tokens).toArray())
                .updated("target", capacity, heads, headDim)
                .touching((long) tokens * heads * headDim)
                .forward(0, (ops, q, t) -> ops.scatterRows(q, t.get("source"), t.get("rows"), t.get("target")))
                .build();
    }

    private static OpCase<EmbeddingOps> gather(int tokens, int capacity, int heads, int headDim) {
        CaseBuilder<EmbeddingOps> b =
                new CaseBuilder<>("gatherRows", tokens + " of " + capacity + "x" + heads + "x" + headDim);
        return copied(b)
                .input("source", capacity, heads, headDim)
                .touching((long) tokens * heads * headDim)
                .randomInts("rows", tokens, capacity)
                .output("target", tokens, heads, headDim)
                .forward(0, (ops, q, t) -> ops.gatherRows(q, t.get("source"), t.get("rows"), t.get("target")))
                .build();
    }

    /** Rows of a cache of another type: copied as they are. */
    private static OpCase<EmbeddingOps> gatherStored(DType type, int tokens, int width) {
        CaseBuilder<EmbeddingOps> b = new CaseBuilder<>("gatherRows", tokens + " of 17x" + width + " " + type);
        return copied(b)
                .fixed("source", type, counting(17 * width), 17, width)
                .randomInts("rows", tokens, 17)
                .output("target", type, tokens, width)
                .forward(0, (ops, q, t) -> ops.gatherRows(q, t.get("source"), t.get("rows"), t.get("target")))
                .build();
    }

    private static OpCase<EmbeddingOps> scatterStored(DType type, int width) {
        CaseBuilder<EmbeddingOps> b = new CaseBuilder<>("scatterRows", "3 into 7x" + width + " " + type);
        return copied(b)
                .fixed("source", type, counting(3 * width), 3, width)
                .ints("rows", 5, 0, 2)
                .fixed("target", type, new double[7 * width], 7, width)
                .compared("target")
                .forward(0, (ops, q, t) -> ops.scatterRows(q, t.get("source"), t.get("rows"), t.get("target")))
                .build();
    }

    /** Numbers that every type has. */
    private static double[] counting(int count) {
        return IntStream.range(0, count).mapToDouble(i -> i % 100 - 50).toArray();
    }

    private static CaseBuilder<EmbeddingOps> copied(CaseBuilder<EmbeddingOps> b) {
        return b.tolerance(0, "numbers are only copied");
    }
}
