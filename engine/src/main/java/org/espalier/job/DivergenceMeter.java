package org.espalier.job;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.eval.Divergence;
import org.espalier.eval.Perplexity;
import org.espalier.eval.TokenDivergence;
import org.espalier.eval.Windows;

/**
 * Measures how far a model's predictions are from a reference's, both of which are open. The states before both heads are
 * computed of some windows, then logits a piece at a time, so that memory does not grow with text or vocabulary. Models that
 * memory, or a GPU's, does not hold with ease together are gone through layer by layer, one after the other.
 */
final class DivergenceMeter implements AutoCloseable {

    /**
     * What is there of each model at once.
     *
     * @param tokens whose states are computed together where a model is run as a whole
     * @param states numbers of states that wait where it is gone through layer by layer
     * @param logits numbers of a piece of logits
     */
    record Bounds(int tokens, int states, int logits) {

        /** Enough for fast matrix products, and a few hundred megabytes. */
        static final Bounds USUAL = new Bounds(1024, 1 << 24, 1 << 24);
    }

    private final ModelStates reference;
    private final ModelStates model;
    private final boolean byLayers;
    private final Bounds bounds;
    private final Listener listener;
    private final ForkJoinPool pool;

    /**
     * A meter of two open models.
     *
     * @param threads that compare logits
     * @throws Failure if the models have not the same number of tokens
     */
    DivergenceMeter(OpenModel reference, OpenModel model, MemorySettings memory, int threads, Listener listener) {
        this(
                reference,
                model,
                memory,
                threads,
                listener,
                OpenModel.outgrowMemory(List.of(reference, model))
                        || !reference.model().weights().resident()
                        || !model.model().weights().resident(),
                Bounds.USUAL);
    }

    DivergenceMeter(
            OpenModel reference,
            OpenModel model,
            MemorySettings memory,
            int threads,
            Listener listener,
            boolean byLayers,
            Bounds bounds) {
        int known = reference.model().config().vocab();
        int other = model.model().config().vocab();
        if (known != other) {
            throw new Failure(
                    "the model knows %d tokens and the reference %d".formatted(other, known),
                    model.path() + ", " + reference.path(),
                    "compare with the model that this one was made from");
        }
        this.reference = new ModelStates(reference, byLayers, memory);
        this.model = new ModelStates(model, byLayers, memory);
        this.byLayers = byLayers;
        this.bounds = bounds;
        this.listener = listener;
        this.pool = new ForkJoinPool(threads);
    }

    /**
     * Measures one text.
     *
     * @param ids  of all of it, by both models' tokenizers
     * @param name for messages
     */
    Divergence.Result measure(int[] ids, Windows windows, String name) {
        int count = Perplexity.count(ids, windows, name);
        int atOnce = Math.max(1, tokensAtOnce() / windows.seqLen());
        long steps = (long) Math.ceilDiv(count, atOnce) * (reference.steps() + model.steps());
        List<TokenDivergence> tokens = new ArrayList<>();
        try (Progress progress = listener.begin(name, byLayers ? "layers" : "passes", steps)) {
            for (int start = 0; start < count; start += atOnce) {
                List<int[]> cut = IntStream.range(start, Math.min(count, start + atOnce))
                        .mapToObj(window -> windows.cut(ids, window))
                        .toList();
                compare(cut, windows.seqLen() - 1, () -> progress.advance(1), tokens);
            }
        }
        return Divergence.of(tokens);
    }

    private int tokensAtOnce() {
        return byLayers ? bounds.states / Math.max(reference.width(), model.width()) : bounds.tokens;
    }

    /** Of each window the first {@code predictions} tokens predict the one after them. */
    private void compare(List<int[]> windows, int predictions, Runnable step, List<TokenDivergence> tokens) {
        double[][] expected = reference.states(windows, step);
        double[][] given = model.states(windows, step);
        int[] targets = windows.stream()
                .flatMapToInt(window -> IntStream.of(window).skip(1))
                .toArray();
        int vocabulary = model.vocabulary();
        int rows = Math.max(1, bounds.logits / vocabulary);
        for (int start = 0; start < targets.length; start += rows) {
            int first = start;
            int end = Math.min(targets.length, start + rows);
            float[] p = reference.logits(rows(expected, reference.width(), predictions, first, end));
            float[] q = model.logits(rows(given, model.width(), predictions, first, end));
            Stream<TokenDivergence> compared = IntStream.range(first, end)
                    .parallel()
                    .mapToObj(i -> TokenDivergence.of(p, q, i - first, vocabulary, targets[i]));
            tokens.addAll(pool.submit(compared::toList).join());
        }
    }

    /** The states of predictions {@code first} to {@code end} of all windows' together. */
    private static double[] rows(double[][] states, int width, int predictions, int first, int end) {
        double[] rows = new double[(end - first) * width];
        for (int i = first; i < end; i++) {
            System.arraycopy(states[i / predictions], i % predictions * width, rows, (i - first) * width, width);
        }
        return rows;
    }

    @Override
    public void close() {
        pool.close();
        reference.close();
        model.close();
    }
}
