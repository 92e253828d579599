package org.espalier.backend;

import java.util.ArrayList;
import java.util.List;

/** {@link LossOps}. */
final class LossCases {

    /** Tokens, vocabulary. */
    private static final int[][] SIZES = {{1, 1}, {1, 3}, {3, 7}, {7, 17}, {17, 65}, {65, 3}, {3, 49152}, {64, 1000}};

    private LossCases() {}

    static List<OpCase<LossOps>> all() {
        List<OpCase<LossOps>> cases = new ArrayList<>();
        for (int[] size : SIZES) {
            cases.add(crossEntropy(size[0], size[1], 0, false));
        }
        cases.add(crossEntropy(17, 65, 1, false));
        cases.add(crossEntropy(17, 65, 2, false));
        cases.add(crossEntropy(7, 65, 1, true));
        return cases;
    }

    /**
     * @param ignored 0: every target counts; 1: every third is ignored; 2: all are
     * @param inPlace the gradient overwrites the logits
     */
    static OpCase<LossOps> crossEntropy(int tokens, int vocab, int ignored, boolean inPlace) {
        String name = tokens + "x" + vocab
                + List.of("", " some ignored", " all ignored").get(ignored) + (inPlace ? " in place" : "");
        double weight = 1.0 / tokens;
        CaseBuilder<LossOps> b = new CaseBuilder<>("crossEntropy", name);
        int[] targets = b.random("targets").ints(tokens, 0, vocab).toArray();
        for (int t = 0; t < tokens; t++) {
            if (ignored == 2 || ignored == 1 && t % 3 == 0) {
                targets[t] = LossOps.IGNORED;
            }
        }
        b.input("logits", tokens, vocab)
                .ints("targets", targets)
                .output("loss", tokens)
                .output("logSum", tokens);
        if (inPlace) {
            b.alias("dLogits", "logits").compared("logits");
        } else {
            b.seed("loss", weight).gradient("logits", "dLogits", 0);
        }
        if (vocab == 1) {
            b.cancelling(1);
        }
        return b.forward(
                        4L * tokens * vocab,
                        (ops, q, t) ->
                                ops.crossEntropy(q, t.get("logits"), t.get("targets"), t.get("loss"), t.get("logSum")))
                .backward(
                        4L * tokens * vocab,
                        (ops, q, t) -> ops.crossEntropyBackward(
                                q, t.get("logits"), t.get("targets"), t.get("logSum"), weight, t.get("dLogits")))
                .build();
    }
}
