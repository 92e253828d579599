package org.espalier.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** {@link LayerNormOps}. */
final class LayerNormCases {

    private static final Set<String> ALL = Set.of("x", "w", "bias");

    private static final List<DType> TYPES = List.of(DType.F32, DType.BF16, DType.F16);
    /** Tokens, channels. */
    private static final int[][] SMALL = {{1, 1}, {1, 3}, {3, 7}, {7, 17}, {17, 65}, {65, 3}};

    private static final int[][] LARGE = {
        {65, 65}, {1, 576}, {5, 1536}, {20, 577}, {300, 257}, {5, 1031}, {2, 4099}, {2, 8196}
    };

    private LayerNormCases() {}

    static List<OpCase<LayerNormOps>> all() {
        List<OpCase<LayerNormOps>> cases = new ArrayList<>();
        for (int i = 0; i < SMALL.length; i++) {
            for (DType type : TYPES) {
                cases.add(layerNorm(SMALL[i][0], SMALL[i][1], type, i % 3 != 1, i % 2, ALL));
            }
        }
        for (int i = 0; i < LARGE.length; i++) {
            cases.add(layerNorm(LARGE[i][0], LARGE[i][1], TYPES.get(i % TYPES.size()), true, i % 2, ALL));
        }
        for (DType type : TYPES) {
            cases.add(layerNorm(7, 65, type, false, 1, Set.of("x", "w")));
            cases.add(layerNorm(3, 17, type, true, 1, ALL));
        }
        cases.add(layerNorm(7, 65, DType.F32, true, 0, Set.of("x")));
        cases.add(layerNorm(7, 65, DType.F32, true, 0, Set.of("w")));
        cases.add(layerNorm(7, 65, DType.F32, true, 1, Set.of("bias")));
        cases.add(layerNorm(7, 65, DType.F32, true, 0, Set.of("w", "bias")));
        cases.add(farFromZero());
        return cases;
    }

    /** With a bias, and every gradient wanted. */
    static OpCase<LayerNormOps> layerNorm(long tokens, long channels, DType type) {
        return layerNorm(tokens, channels, type, true, 0, ALL);
    }

    /** @param wanted whose gradients are wanted, of x, w and bias */
    static OpCase<LayerNormOps> layerNorm(
            long tokens, long channels, DType type, boolean biased, float beta, Set<String> wanted) {
        String name = tokens + "x" + channels + " " + type + (biased ? " bias" : "") + " beta " + (int) beta
                + (wanted.contains("x") ? "" : " no dX") + (wanted.contains("w") ? "" : " no dW")
                + (biased && !wanted.contains("bias") ? " no dBias" : "");
        CaseBuilder<LayerNormOps> b = builder(name).input("x", tokens, channels);
        return complete(b, tokens, channels, type, biased, beta, wanted);
    }

    /** Rows whose mean is three times their spread, as after a few layers. */
    private static OpCase<LayerNormOps> farFromZero() {
        CaseBuilder<LayerNormOps> b = builder("9x257 far from zero");
        double[] x = b.normal("x", Shape.of(9, 257));
        for (int i = 0; i < x.length; i++) {
            x[i] += 3;
        }
        return complete(b.input("x", x, 9, 257), 9, 257, DType.F32, true, 0, ALL);
    }

    private static CaseBuilder<LayerNormOps> builder(String name) {
        return new CaseBuilder<>("layerNorm", name);
    }

    private static OpCase<LayerNormOps> complete(
            CaseBuilder<LayerNormOps> b,
            long tokens,
            long channels,
            DType type,
            boolean biased,
            float beta,
            Set<String> wanted) {
        double eps = 1e-5;
        b.weight("w", type, channels);
        if (biased) {
            b.weight("bias", type, channels);
        }
        b.output("y", tokens, channels)
                .output("mean", tokens)
                .output("rstd", tokens)
                .seed("y", "dY");
        if (wanted.contains("x")) {
            b.gradient("x", "dX", beta);
        }
        if (wanted.contains("w")) {
            b.gradient("w", "dW", beta);
        }
        if (biased && wanted.contains("bias")) {
            b.gradient("bias", "dBias", beta);
        }
        return b.forward(
                        7 * tokens * channels,
                        (ops, q, t) -> ops.layerNorm(
                                q,
                                t.get("x"),
                                t.get("w"),
                                t.get("bias"),
                                eps,
                                t.get("y"),
                                t.get("mean"),
                                t.get("rstd")))
                .backward(
                        14 * tokens * channels,
                        (ops, q, t) -> ops.layerNormBackward(
                                q,
                                t.get("x"),
                                t.get("w"),
                                t.get("mean"),
                                t.get("rstd"),
                                t.get("dY"),
                                t.target("dX", beta),
                                t.target("dW", beta),
                                t.target("dBias", beta)))
                .build();
    }
}
