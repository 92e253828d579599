package org.espalier.model;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.model.Transformer.Recording;

/** Computes how likely a model finds the tokens of texts. Keeps its workspace between calls of equal size. */
public final class Scorer implements AutoCloseable {

    private final Model model;
    private final PackedRuns runs;

    /** Scores by {@code model}, which must stay open. */
    public Scorer(Model model) {
        this.model = model;
        this.runs = new PackedRuns(model, model.transformer()::loss, Recording::losses);
    }

    /**
     * Negative log-likelihoods: entry {@code [s][i]} is that of token {@code i + 1} of sequence {@code s} given those before,
     * in nats. Every sequence stands alone, with positions from 0.
     *
     * @throws Failure if a sequence is longer than the model's context or names a token the model has not
     */
    public double[][] losses(List<int[]> sequences) {
        sequences.forEach(ids -> check(model.config(), ids));
        return LossBatches.cut(sequences).stream()
                .flatMap(batch -> Stream.of(divide(runs.run(batch), batch)))
                .toArray(double[][]::new);
    }

    /** Losses of all tokens, one sequence after the other, by sequence, without its last token's, which has no target. */
    static double[][] divide(double[] all, List<int[]> sequences) {
        double[][] losses = new double[sequences.size()][];
        int row = 0;
        for (int s = 0; s < losses.length; s++) {
            int length = sequences.get(s).length;
            losses[s] = Arrays.copyOfRange(all, row, row + Math.max(0, length - 1));
            row += length;
        }
        return losses;
    }

    /** Refuses ids that are no tokens of the model and sequences beyond its context. */
    public static void check(ModelConfig config, int[] ids) {
        check(config, ids, ids.length);
    }

    /** As above, where only the first {@code read} tokens take a position. */
    static void check(ModelConfig config, int[] ids, int read) {
        if (read > config.maxPositions()) {
            throw new Failure(
                    "sequence of " + read + " tokens is longer than the model's context",
                    "at most " + config.maxPositions() + " positions",
                    "use shorter sequences");
        }
        for (int id : ids) {
            if (id < 0 || id >= config.vocab()) {
                throw new Failure(
                        "token " + id + " is not in the model's vocabulary",
                        "ids 0 to " + (config.vocab() - 1),
                        "use the tokenizer that belongs to the model");
            }
        }
    }

    @Override
    public void close() {
        runs.close();
    }
}
