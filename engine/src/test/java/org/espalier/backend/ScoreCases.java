package org.espalier.backend;

import java.util.ArrayList;
import java.util.List;
import org.espalier.tensor.DType;

/** {@link ScoreOps}. */
final class ScoreCases {

    static final String SUMS = "float64 sums of products of the same float32 numbers: rounding is about 1e-31";

    private ScoreCases() {}

    static List<OpCase<ScoreOps>> all() {
        List<OpCase<ScoreOps>> cases = new ArrayList<>();
        for (Saliency saliency : Saliency.values()) {
            cases.add(saliency(saliency, DType.F32, 1, 1));
            cases.add(saliency(saliency, DType.BF16, 3, 65));
            cases.add(saliency(saliency, DType.F32, 17, 7));
            cases.add(saliency(saliency, DType.F16, 65, 17));
            cases.add(saliency(saliency, DType.Q6_K, 7, 512));
            cases.add(saliency(saliency, DType.BF16, 257, 576));
            cases.add(saliency(saliency, DType.F64, 5, 33));
            for (DType type : List.of(DType.F64, DType.F32, DType.BF16, DType.F16)) {
                cases.add(saliency(saliency, type, 9, 267));
            }
            for (DType type : LinearCases.BLOCK_TYPES) {
                cases.add(saliency(saliency, type, 9, type.blockElements() == 32 ? 800 : 768));
            }
        }
        return cases;
    }

    static OpCase<ScoreOps> saliency(Saliency saliency, DType type, long out, long in) {
        CaseBuilder<ScoreOps> b = new CaseBuilder<>("saliency", saliency + " " + out + "x" + in + " " + type);
        b.weight("w", type, out, in);
        if (saliency.needsGradient()) {
            b.input("gradient", out, in);
        }
        if (saliency.needsFisher()) {
            b.input("fisher", out, in);
        }
        return b.output("rows", DType.F64, out)
                .output("columns", DType.F64, in)
                .tolerance(1e-24, SUMS)
                .forward(
                        4 * out * in,
                        (ops, q, t) -> ops.saliency(
                                q,
                                saliency,
                                t.get("w"),
                                t.get("gradient"),
                                t.get("fisher"),
                                t.get("rows"),
                                t.get("columns")))
                .build();
    }
}
