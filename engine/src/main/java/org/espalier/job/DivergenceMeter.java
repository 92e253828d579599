package org.espalier.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Consumer;
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
    private final Optional<Elsewhere> elsewhere;

    /** Those who compute divergences where that is not this process. */
    @FunctionalInterface
    interface Elsewhere {

        /** Compares parts of the texts; {@code sink} gets what comes of them, in their order. */
        void compare(List<int[][]> parts, boolean byLayers, Consumer<TokenDivergence[]> sink);
    }

    /**
     * A meter of two open models.
     *
     * @param threads that compare logits
     * @throws Failure if the models have not the same number of tokens
     */
    DivergenceMeter(OpenModel reference, OpenModel model, MemorySettings memory, int threads, Listener listener) {
        this(reference, model, memory, threads, listener, byLayers(reference, model), Bounds.USUAL);
    }

    /** As above, with those who compute. */
    DivergenceMeter(
            OpenModel reference,
            OpenModel model,
            MemorySettings memory,
            int threads,
            Listener listener,
            Optional<Elsewhere> elsewhere) {
        this(reference, model, memory, threads, listener, byLayers(reference, model), Bounds.USUAL, elsewhere);
    }

    private static boolean byLayers(OpenModel reference, OpenModel model) {
        return OpenModel.outgrowMemory(List.of(reference, model))
                || !reference.model().weights().resident()
                || !model.model().weights().resident();
    }

    DivergenceMeter(
            OpenModel reference,
            OpenModel model,
            MemorySettings memory,
            int threads,
            Listener listener,
            boolean byLayers,
            Bounds bounds) {
        this(reference, model, memory, threads, listener, byLayers, bounds, Optional.empty());
    }

    private DivergenceMeter(
            OpenModel reference,
            OpenModel model,
            MemorySettings memory,
            int threads,
            Listener listener,
            boolean byLayers,
            Bounds bounds,
            Optional<Elsewhere> elsewhere) {
        this.elsewhere = elsewhere;
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
        return measure(
                IntStream.range(0, count)
                        .mapToObj(window -> windows.cut(ids, window))
                        .toList(),
                name);
    }

    /**
     * Measures several texts, each from its beginning.
     *
     * @param texts ids by both models' tokenizers, two of one text at least
     * @param name  for messages
     */
    Divergence.Result measure(List<int[]> texts, String name) {
        List<List<int[]>> parts = parts(texts);
        long steps = (long) parts.size() * (reference.steps() + model.steps());
        List<TokenDivergence> tokens = new ArrayList<>();
        if (elsewhere.isPresent()) {
            byWorkers(parts, name, tokens);
            return Divergence.of(tokens);
        }
        try (Progress progress = listener.begin(name, byLayers ? "layers" : "passes", steps)) {
            parts.forEach(part -> compare(part, () -> progress.advance(1), tokens));
        }
        return Divergence.of(tokens);
    }

    private void byWorkers(List<List<int[]>> parts, String name, List<TokenDivergence> tokens) {
        try (Progress progress = listener.begin(name, "parts", parts.size())) {
            List<int[][]> arrays =
                    parts.stream().map(part -> part.toArray(int[][]::new)).toList();
            elsewhere.get().compare(arrays, byLayers, part -> {
                tokens.addAll(List.of(part));
                progress.advance(1);
            });
        }
    }

    /** As many texts as are there at once, at least one. */
    private List<List<int[]>> parts(List<int[]> texts) {
        int most = byLayers ? bounds.states / Math.max(reference.width(), model.width()) : bounds.tokens;
        List<List<int[]>> parts = new ArrayList<>();
        int start = 0;
        int tokens = 0;
        for (int text = 0; text < texts.size(); text++) {
            int more = texts.get(text).length;
            if (text > start && tokens + more > most) {
                parts.add(texts.subList(start, text));
                start = text;
                tokens = 0;
            }
            tokens += more;
        }
        parts.add(texts.subList(start, texts.size()));
        return parts;
    }

    /** A token that predicts the next one. */
    private record Place(int text, int token) {}

    /** Compares texts that are there at once. */
    TokenDivergence[] compare(List<int[]> texts) {
        List<TokenDivergence> tokens = new ArrayList<>();
        compare(texts, () -> {}, tokens);
        return tokens.toArray(TokenDivergence[]::new);
    }

    private void compare(List<int[]> texts, Runnable step, List<TokenDivergence> tokens) {
        double[][] expected = reference.states(texts, step);
        double[][] given = model.states(texts, step);
        List<Place> places = IntStream.range(0, texts.size())
                .boxed()
                .flatMap(text ->
                        IntStream.range(0, texts.get(text).length - 1).mapToObj(token -> new Place(text, token)))
                .toList();
        int vocabulary = model.vocabulary();
        int rows = Math.max(1, bounds.logits / vocabulary);
        for (int start = 0; start < places.size(); start += rows) {
            List<Place> some = places.subList(start, Math.min(places.size(), start + rows));
            float[] p = reference.logits(rows(expected, reference.width(), some));
            float[] q = model.logits(rows(given, model.width(), some));
            Stream<TokenDivergence> compared = IntStream.range(0, some.size())
                    .parallel()
                    .mapToObj(i -> TokenDivergence.of(p, q, i, vocabulary, next(texts, some.get(i))));
            tokens.addAll(pool.submit(compared::toList).join());
        }
    }

    private static int next(List<int[]> texts, Place place) {
        return texts.get(place.text)[place.token + 1];
    }

    /** The states of some tokens. */
    private static double[] rows(double[][] states, int width, List<Place> places) {
        double[] rows = new double[places.size() * width];
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            System.arraycopy(states[place.text], place.token * width, rows, i * width, width);
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
