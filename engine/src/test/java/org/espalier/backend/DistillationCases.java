package org.espalier.backend;

import java.util.ArrayList;
import java.util.List;

/** {@link DistillationOps}. */
final class DistillationCases {

    /** Tokens, vocabulary. */
    private static final int[][] SIZES = {{1, 1}, {1, 3}, {3, 7}, {7, 17}, {17, 65}, {65, 3}, {2, 49152}, {64, 1000}};

    private DistillationCases() {}

    static List<OpCase<DistillationOps>> all() {
        List<OpCase<DistillationOps>> cases = new ArrayList<>();
        for (int[] size : SIZES) {
            cases.add(distillation(size[0], size[1], 0.75, false, false));
        }
        cases.add(distillation(17, 65, 0, false, false));
        cases.add(distillation(17, 65, 1, false, false));
        cases.add(distillation(17, 65, 1, true, false));
        cases.add(distillation(17, 65, 0.5, true, true));
        cases.add(distillation(7, 65, 1, false, true));
        return cases;
    }

    /**
     * @param ignored every third target does not count
     * @param inPlace the gradient overwrites the logits
     */
    static OpCase<DistillationOps> distillation(int tokens, int vocab, double share, boolean ignored, boolean inPlace) {
        String name = tokens + "x" + vocab + " share " + share + (ignored ? " some ignored" : "")
                + (inPlace ? " in place" : "");
        double weight = 1.0 / tokens;
        CaseBuilder<DistillationOps> b = new CaseBuilder<>("distillation", name);
        int[] targets = b.random("targets").ints(tokens, 0, vocab).toArray();
        for (int t = 0; ignored && t < tokens; t += 3) {
            targets[t] = LossOps.IGNORED;
        }
        b.input("logits", tokens, vocab)
                .input("teacher", tokens, vocab)
                .ints("targets", targets)
                .output("loss", tokens)
                .output("logSum", tokens)
                .output("teacherLogSum", tokens);
        if (inPlace) {
            b.alias("dLogits", "logits").compared("logits");
        } else {
            b.seed("loss", weight).gradient("logits", "dLogits", 0);
        }
        // Terms of both signs, and of one number all are zero.
        b.cancelling(1);
        return b.forward(10L * tokens * vocab, (ops, q, t) -> ops.distillation(q, taught(t, share), t.get("loss")))
                .backward(
                        8L * tokens * vocab,
                        (ops, q, t) -> ops.distillationBackward(q, taught(t, share), weight, t.get("dLogits")))
                .build();
    }

    private static DistillationOps.Taught taught(OpRun<DistillationOps> t, double share) {
        return new DistillationOps.Taught(
                t.get("logits"), t.get("teacher"), t.get("targets"), share, t.get("logSum"), t.get("teacherLogSum"));
    }
}
