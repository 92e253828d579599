package org.espalier.tune;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.Scorer;
import org.espalier.tape.Gradients;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;

/** The loss of a model on samples that it was not trained on. */
public final class HeldOutLoss {

    /** Tokens computed at once. */
    private static final int TOKENS = 1024;

    private HeldOutLoss() {}

    /**
     * Mean negative log-likelihood of the tokens that count, in nats.
     *
     * @param samples at least one
     * @param done    told the tokens of each batch that was computed
     * @throws org.espalier.error.Failure if a sample does not fit the model
     */
    public static double of(Model model, List<Sample> samples, IntConsumer done) {
        samples.forEach(s -> Scorer.check(model.config(), s.ids()));
        try (LossRun run = new LossRun(
                model.backend(),
                b -> model.transformer().loss(b.tokens(), b.counted()),
                model.leaves(Map.of()),
                Gradients.NONE,
                Retention.INFERENCE,
                Observer.NONE)) {
            return run.mean(
                    pack(samples).stream()
                            .map(batch -> batch.readBy(model.config()))
                            .toList(),
                    done);
        }
    }

    /** As many samples together as are computed at once, but at least one. */
    static List<Packed> pack(List<Sample> samples) {
        List<Packed> packs = new ArrayList<>();
        int start = 0;
        while (start < samples.size()) {
            int end = start + 1;
            int size = samples.get(start).tokens();
            while (end < samples.size() && size + samples.get(end).tokens() <= TOKENS) {
                size += samples.get(end++).tokens();
            }
            packs.add(Sample.pack(samples.subList(start, end)));
            start = end;
        }
        return packs;
    }
}
