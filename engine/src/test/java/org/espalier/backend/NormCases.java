package org.espalier.backend;

import java.util.ArrayList;
import java.util.List;
import org.espalier.tensor.DType;

/** {@link NormOps}. */
final class NormCases {

    /** Tokens, channels. */
    private static final int[][] SIZES = {
        {1, 1},
        {1, 3},
        {3, 7},
        {7, 17},
        {17, 65},
        {65, 3},
        {65, 65},
        {1, 576},
        {5, 1536},
        {64, 576},
        {300, 257},
        {5, 1031},
        {2, 4099},
        {2, 8196},
    };

    private NormCases() {}

    static List<OpCase<NormOps>> all() {
        List<OpCase<NormOps>> cases = new ArrayList<>();
        int count = 0;
        for (int[] size : SIZES) {
            for (DType type : List.of(DType.F32, DType.BF16, DType.F16)) {
                cases.add(rmsNorm(size[0], size[1], type, count % 2, count / 2 % 2, true, true));
                count++;
            }
        }
        cases.add(rmsNorm(7, 65, DType.F32, 0, 0, true, false));
        cases.add(rmsNorm(7, 65, DType.F32, 0, 0, false, true));
        cases.add(rmsNorm(3, 17, DType.BF16, 1, 1, true, false));
        cases.add(rmsNorm(3, 17, DType.BF16, 1, 1, false, true));
        return cases;
    }

    static OpCase<NormOps> rmsNorm(
            long tokens, long channels, DType type, float betaX, float betaW, boolean wantsX, boolean wantsW) {
        // With one channel the input's gradient is eps / (x² + eps) of its terms: a small eps leaves only rounding.
        double eps = channels == 1 ? 0.5 : 1e-5;
        String name = tokens + "x" + channels + " " + type + " beta " + (int) betaX + " " + (int) betaW
                + (wantsX ? "" : " no dX") + (wantsW ? "" : " no dW");
        CaseBuilder<NormOps> b = new CaseBuilder<NormOps>("rmsNorm", name)
                .input("x", tokens, channels)
                .weight("w", type, channels)
                .output("y", tokens, channels)
                .output("rstd", tokens)
                .seed("y", "dY");
        if (wantsX) {
            b.gradient("x", "dX", betaX);
        }
        if (wantsW) {
            b.gradient("w", "dW", betaW);
        }
        return b.forward(
                        4 * tokens * channels,
                        (ops, q, t) -> ops.rmsNorm(q, t.get("x"), t.get("w"), eps, t.get("y"), t.get("rstd")))
                .backward(
                        10 * tokens * channels,
                        (ops, q, t) -> ops.rmsNormBackward(
                                q,
                                t.get("x"),
                                t.get("w"),
                                t.get("rstd"),
                                t.get("dY"),
                                t.target("dX", betaX),
                                t.target("dW", betaW)))
                .build();
    }
}
