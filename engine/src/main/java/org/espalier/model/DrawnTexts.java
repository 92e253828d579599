package org.espalier.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.espalier.backend.Sampling;
import org.espalier.error.Failure;
import org.espalier.model.SharedCache.Answers;
import org.espalier.model.SharedCache.Part;

/**
 * Texts that a model writes by drawing one token after the other, many of them together. All become as long as was asked for:
 * tokens that would end a text are never drawn. Which texts are written together follows from their numbers alone, so that the
 * same beginnings give the same texts.
 */
public final class DrawnTexts {

    /** Texts that are written together. */
    public static final int TOGETHER = 32;

    /** Keeps the second draw, after one of a token that ends texts, apart from the first: "AGAI" in ASCII. */
    private static final long AGAIN = 0x41474149L << 32;

    private final Model model;
    private final Set<Integer> ends;
    private final Sampling sampling;
    private final Consumer<float[]> inspector;

    /**
     * @param model     it must stay open
     * @param ends      tokens that are never drawn; not all there are
     * @param sampling  how others are, from all of them
     * @param inspector is shown the logits, {@code [V]}, of every text's first and last new token
     */
    public DrawnTexts(Model model, Set<Integer> ends, Sampling sampling, Consumer<float[]> inspector) {
        if (sampling.topK() != 0 || sampling.topP() != 1) {
            throw new IllegalArgumentException("texts are drawn from all tokens, not by " + sampling);
        }
        this.model = model;
        this.ends = Set.copyOf(ends);
        this.sampling = sampling;
        this.inspector = inspector;
    }

    /**
     * Continues every beginning.
     *
     * @param beginnings tokens of each, at least one
     * @param tokens     that are written after each
     * @param progress   is told of tokens as they are written
     * @param sink       gets the texts, each with its beginning, in order
     * @throws Failure if a beginning and what follows it do not fit the model's context, or if there is no memory
     */
    public void write(List<int[]> beginnings, int tokens, IntConsumer progress, Consumer<int[]> sink) {
        int longest = longest(beginnings, tokens);
        int together = Math.min(TOGETHER, beginnings.size());
        try (SharedCache cache = new SharedCache(model, Math.max(1, together * (longest + tokens)))) {
            for (int first = 0; first < beginnings.size(); first += together) {
                int end = Math.min(beginnings.size(), first + together);
                new Batch(cache, beginnings.subList(first, end), first, tokens)
                        .write(progress)
                        .forEach(sink);
            }
        }
    }

    /**
     * Continues beginnings that are written together, of which the first has a number among others.
     *
     * @return the texts, each with its beginning
     * @throws Failure as above
     */
    public List<int[]> writeTogether(List<int[]> beginnings, int first, int tokens) {
        int rows = beginnings.size() * (longest(beginnings, tokens) + tokens);
        try (SharedCache cache = new SharedCache(model, Math.max(1, rows))) {
            return new Batch(cache, beginnings, first, tokens).write(written -> {});
        }
    }

    private int longest(List<int[]> beginnings, int tokens) {
        int longest = beginnings.stream().mapToInt(ids -> ids.length).max().orElse(0);
        if (longest + (long) tokens > model.config().steadyContext()) {
            throw new Failure(
                    "%d tokens of a beginning and %d new ones do not fit the model's context"
                            .formatted(longest, tokens),
                    "at most " + model.config().steadyContext() + " positions",
                    "use shorter beginnings or fewer new tokens");
        }
        return longest;
    }

    /** Texts that are written together. */
    private final class Batch {

        private final SharedCache cache;
        private final int first;
        private final int[] starts;
        private final int[][] texts;

        Batch(SharedCache cache, List<int[]> beginnings, int first, int tokens) {
            this.cache = cache;
            this.first = first;
            this.starts = beginnings.stream().mapToInt(ids -> ids.length).toArray();
            this.texts = beginnings.stream()
                    .map(ids -> Arrays.copyOf(ids, ids.length + tokens))
                    .toArray(int[][]::new);
        }

        List<int[]> write(IntConsumer progress) {
            int tokens = texts[0].length - starts[0];
            int[] cached = new int[texts.length];
            for (int t = 0; t < tokens; t++) {
                List<Part> parts = new ArrayList<>();
                int row = 0;
                for (int i = 0; i < texts.length; i++) {
                    int length = starts[i] + t;
                    int[] ids = Arrays.copyOfRange(texts[i], cached[i], length);
                    parts.add(Part.open(row, cached[i], ids, ids.length - 1));
                    cached[i] = length;
                    row += texts[i].length;
                }
                draw(cache.run(parts), t, tokens);
                progress.accept(texts.length);
            }
            return List.of(texts);
        }

        private void draw(Answers answers, int t, int tokens) {
            int[] positions = new int[texts.length];
            Arrays.setAll(positions, i -> Math.toIntExact((long) (first + i) * tokens + t));
            int[] drawn = answers.samples(sampling, positions);
            for (int i = 0; i < texts.length; i++) {
                // What is not finite once in a text stays so: the first and the last look are enough.
                if (t == 0 || t == tokens - 1) {
                    inspector.accept(answers.logits(i));
                }
                texts[i][starts[i] + t] =
                        ends.contains(drawn[i]) ? drawAgain(answers.logits(i), positions[i]) : drawn[i];
            }
        }
    }

    /** Drawing again, from the others alone, gives each of them the probability that it has among them. */
    private int drawAgain(float[] logits, int position) {
        return new Sampling(sampling.temperature(), 0, 1, sampling.seed() ^ AGAIN).drawWithout(ends, logits, position);
    }
}
