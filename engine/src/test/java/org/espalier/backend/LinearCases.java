package org.espalier.backend;

import java.util.ArrayList;
import java.util.List;
import org.espalier.tensor.DType;

/** {@link LinearOps}: products of every kind of weight. */
final class LinearCases {

    static final List<DType> BLOCK_TYPES =
            List.of(DType.Q4_0, DType.Q4_1, DType.Q5_0, DType.Q5_1, DType.Q8_0, DType.Q4_K, DType.Q5_K, DType.Q6_K);

    /**
     * Tokens, inputs, outputs: odd sizes, then one token and some, then across the edges of 256-wide tiles, then a few
     * tokens with inputs that are odd, or divide by 4 or 8, and span several widths of a warp.
     */
    private static final int[][] SIZES = {
        {1, 1, 1},
        {1, 7, 3},
        {3, 1, 17},
        {7, 65, 1},
        {17, 3, 65},
        {65, 17, 7},
        {65, 65, 65},
        {1, 65, 17},
        {3, 17, 65},
        {1, 576, 1536},
        {5, 1536, 576},
        {64, 576, 192},
        {257, 263, 259},
        {2, 271, 19},
        {3, 1028, 9},
        {4, 776, 33},
        // Rows as long as those of the MLPs of models of 7B parameters.
        {1, 11008, 3},
        {5, 4096, 17},
        {5, 33, 11008},
    };

    private LinearCases() {}

    static List<OpCase<LinearOps>> all() {
        List<OpCase<LinearOps>> cases = new ArrayList<>();
        int count = 0;
        for (int[] size : SIZES) {
            for (DType type : List.of(DType.F32, DType.BF16, DType.F16)) {
                boolean bias = count % 2 == 0;
                cases.add(linear(size, type, bias ? biasType(type) : null, count / 2 % 2));
                count++;
            }
        }
        cases.add(linear(new int[] {2, 65, 17}, DType.F64, DType.F64, 0));
        cases.add(linear(new int[] {7, 17, 33}, DType.F64, DType.F16, 1));
        for (DType type : List.of(DType.F64, DType.F32, DType.BF16, DType.F16)) {
            cases.add(linear(new int[] {4, 269, 23}, type, type, 1));
            cases.add(linear(new int[] {4, 270, 6}, type, type, 1));
            cases.add(linear(new int[] {4, 271, 5}, type, type, 0));
            cases.add(linear(new int[] {4, 780, 9}, type, null, 0));
        }
        cases.add(linear(new int[] {130, 3, 5}, DType.F32, DType.F32, 1));
        for (DType type : List.of(DType.F32, DType.BF16, DType.F16)) {
            // As of a mean over many tokens: less than the smallest float16 number; and more than the largest.
            cases.add(linear(new int[] {17, 65, 66}, type, null, 0, 1e-8));
            cases.add(linear(new int[] {18, 31, 65}, type, null, 0, 1e7));
        }
        for (DType type : BLOCK_TYPES) {
            cases.add(linear(new int[] {1, 256, 17}, type, null, 0));
            cases.add(linear(new int[] {4, 768, 33}, type, DType.F32, 0));
            cases.add(linear(new int[] {7, 512, 65}, type, DType.F32, 1));
            cases.add(linear(new int[] {65, 768, 300}, type, null, 0));
        }
        return cases;
    }

    /** A bias is stored like its weight in one file and wider in another. */
    private static DType biasType(DType weight) {
        return weight == DType.F16 ? DType.F32 : weight;
    }

    static OpCase<LinearOps> linear(int[] size, DType type, DType bias, float beta) {
        return linear(size, type, bias, beta, 1);
    }

    /** @param gradients how large they are that come back */
    private static OpCase<LinearOps> linear(int[] size, DType type, DType bias, float beta, double gradients) {
        long tokens = size[0];
        long in = size[1];
        long out = size[2];
        String name = tokens + "x" + in + "x" + out + " " + type + (bias == null ? "" : " bias " + bias) + " beta "
                + (int) beta + (gradients == 1 ? "" : " dY " + gradients);
        CaseBuilder<LinearOps> b = new CaseBuilder<LinearOps>("linear", name)
                .input("x", tokens, in)
                .weight("w", type, out, in);
        if (bias != null) {
            b.weight("bias", bias, out);
        }
        b.output("y", tokens, out)
                .seed("y", "dY", gradients)
                .gradient("x", "dX", beta)
                .gradient("w", "dW", beta)
                .summing(Math.max(tokens, Math.max(in, out)));
        if (bias != null) {
            b.gradient("bias", "dBias", beta);
        }
        return b.forward(
                        2 * tokens * in * out,
                        (ops, q, t) -> ops.linear(q, t.get("x"), t.get("w"), t.get("bias"), t.get("y")))
                .backward(4 * tokens * in * out, (ops, q, t) -> {
                    ops.linearBackwardInput(q, t.get("dY"), t.get("w"), t.target("dX", beta));
                    ops.linearBackwardWeight(q, t.get("x"), t.get("dY"), t.target("dW", beta));
                    if (bias != null) {
                        ops.linearBackwardBias(q, t.get("dY"), t.target("dBias", beta));
                    }
                })
                .build();
    }
}
