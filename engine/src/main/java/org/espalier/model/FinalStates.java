package org.espalier.model;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Computes the normalised stream after the last layer, of which {@link LogitHead} makes logits. Keeps its workspace between
 * calls of equal size.
 */
public final class FinalStates implements AutoCloseable {

    private final Model model;
    private final PackedRuns runs;

    /** Of {@code model}, which must stay open. */
    public FinalStates(Model model) {
        this.model = model;
        this.runs = new PackedRuns(model, model.transformer()::stream, recording -> List.of(recording.finished()));
    }

    /**
     * The states of texts: entry {@code s} has those of sequence {@code s}, {@code [tokens, C]}. Every sequence stands alone,
     * with positions from 0.
     *
     * @throws org.espalier.error.Failure if a sequence is longer than the model's context or names a token the model has not
     */
    public double[][] of(List<int[]> sequences) {
        sequences.forEach(ids -> Scorer.check(model.config(), ids));
        return LossBatches.cut(sequences).stream()
                .flatMap(batch -> Stream.of(divide(runs.run(batch), batch, model.config())))
                .toArray(double[][]::new);
    }

    /** States of all tokens, one sequence after the other, by sequence. */
    static double[][] divide(double[] all, List<int[]> sequences, ModelConfig config) {
        double[][] states = new double[sequences.size()][];
        int start = 0;
        for (int s = 0; s < states.length; s++) {
            int end = start + Math.multiplyExact(sequences.get(s).length, config.hidden());
            states[s] = Arrays.copyOfRange(all, start, end);
            start = end;
        }
        return states;
    }

    @Override
    public void close() {
        runs.close();
    }
}
