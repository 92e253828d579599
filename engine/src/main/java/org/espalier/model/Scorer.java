package org.espalier.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.espalier.ffi.Failure;
import org.espalier.model.Llama.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.Value;

/** Computes how likely a model finds the tokens of texts. Keeps its workspace between calls of equal size. */
public final class Scorer implements AutoCloseable {

    /** Tokens computed at once: enough for fast matrix products. */
    private static final int BATCH_TOKENS = 1024;

    private final Model model;
    private Recording recording;
    private Executor executor;
    private int recorded;

    public Scorer(Model model) {
        this.model = model;
    }

    /**
     * Negative log-likelihoods: entry {@code [s][i]} is that of token {@code i + 1} of sequence {@code s} given those before,
     * in nats. Every sequence stands alone, with positions from 0.
     *
     * @throws Failure if a sequence is longer than the model's context or names a token the model has not
     */
    public double[][] losses(List<int[]> sequences) {
        double[][] losses = new double[sequences.size()][];
        int from = 0;
        while (from < sequences.size()) {
            int to = from + 1;
            int tokens = sequences.get(from).length;
            while (to < sequences.size() && tokens + sequences.get(to).length <= BATCH_TOKENS) {
                tokens += sequences.get(to++).length;
            }
            score(sequences.subList(from, to), losses, from);
            from = to;
        }
        return losses;
    }

    private void score(List<int[]> batch, double[][] losses, int at) {
        batch.forEach(ids -> check(model.config(), ids));
        double[] all = run(Packed.of(batch));
        int row = 0;
        for (int s = 0; s < batch.size(); s++) {
            int length = batch.get(s).length;
            losses[at + s] = Arrays.copyOfRange(all, row, row + Math.max(0, length - 1));
            row += length;
        }
    }

    private double[] run(Packed packed) {
        if (packed.tokens() == 0) {
            return new double[0];
        }
        record(packed.tokens());
        packed.feed(executor, recording);
        executor.forward(packed.sequences());
        List<double[]> parts = new ArrayList<>();
        for (Value loss : recording.losses()) {
            parts.add(executor.read(loss));
        }
        return parts.stream().flatMapToDouble(Arrays::stream).toArray();
    }

    private void record(int tokens) {
        if (recorded == tokens) {
            return;
        }
        close();
        recording = model.llama().loss(tokens);
        executor = Executor.inference(model.backend(), recording.tape(), model.leaves(Map.of()));
        recorded = tokens;
    }

    /** Refuses ids that are no tokens of the model and sequences beyond its context. */
    public static void check(ModelConfig config, int[] ids) {
        if (ids.length > config.maxPositions()) {
            throw new Failure("sequence of " + ids.length + " tokens is longer than the model's context",
                    "at most " + config.maxPositions() + " positions", "use shorter sequences");
        }
        for (int id : ids) {
            if (id < 0 || id >= config.vocab()) {
                throw new Failure("token " + id + " is not in the model's vocabulary", "ids 0 to " + (config.vocab() - 1),
                        "use the tokenizer that belongs to the model");
            }
        }
    }

    @Override
    public void close() {
        if (executor != null) {
            executor.close();
            executor = null;
            recorded = 0;
        }
    }
}
