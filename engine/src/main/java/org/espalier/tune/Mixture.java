package org.espalier.tune;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.file.Closing;
import org.espalier.tune.TrainingData.Skipped;

/** Draws samples from sources in turns. */
public final class Mixture {

    /**
     * Texts to draw samples from.
     *
     * @param examples at least one
     * @param share    of the tokens trained on; those of all sources add up to 1
     * @param place    where they are from
     */
    public record Source(Examples examples, double share, String place) {}

    /**
     * How much is drawn.
     *
     * @param samples trained on at most
     * @param tokens  trained on at most, however often; if not given, there is no limit
     * @param heldOut texts held out; if not given, a tenth of the texts, or of what is trained on at most if that is less,
     *                from 1 to 2,000
     * @param epochs  how often a sample is seen at most
     */
    public record Limits(int samples, OptionalLong tokens, OptionalInt heldOut, int epochs) {}

    private static final int MOST_HELD_OUT = 2000;

    private final List<Source> sources;
    private final Limits limits;
    private final List<TextDraw> texts = new ArrayList<>();
    private final List<Sample> heldOut = new ArrayList<>();
    private final int[] heldOutTexts;
    private final List<DrawnSamples> drawn = new ArrayList<>();
    private final SampleRecord record = new SampleRecord();

    private Mixture(List<Source> sources, Encoder encoder, Limits limits, long seed) {
        this.sources = sources;
        this.limits = limits;
        heldOutTexts = new int[sources.size()];
        for (int s = 0; s < sources.size(); s++) {
            texts.add(new TextDraw(sources.get(s).examples(), encoder, Shuffle.seed(seed, s)));
            drawn.add(new DrawnSamples(sources.get(s).examples(), encoder));
        }
    }

    /**
     * Draws texts, those of each source in a random order of its own and in turns, so that each source gives its share of the
     * tokens: first those held out, then those trained on. No text gives samples to both.
     *
     * <p>It is drawn until there are enough samples or tokens, or until a source has no more texts, which would have to be seen
     * more often than asked for to keep its share.
     *
     * @throws org.espalier.error.Failure if too few texts are left to train on
     */
    public static TrainingData draw(List<Source> sources, Encoder encoder, Limits limits, long seed) {
        Mixture mixture = new Mixture(sources, encoder, limits, seed);
        try {
            return mixture.draw();
        } catch (RuntimeException | Error e) {
            Closing.all(mixture.closings());
            throw e;
        }
    }

    private List<Runnable> closings() {
        return drawn.stream().map(samples -> (Runnable) samples::close).toList();
    }

    private TrainingData draw() {
        drawHeldOut();
        drawTraining();
        for (int s = 0; s < sources.size(); s++) {
            if (drawn.get(s).isEmpty()) {
                throw nothingLeft(s);
            }
        }
        return new TrainingData(
                        IntStream.range(0, sources.size())
                                .mapToObj(s -> new SampleOrder.Source(
                                        drawn.get(s), sources.get(s).share()))
                                .toList(),
                        heldOut,
                        record,
                        texts.stream().map(TextDraw::skipped).reduce(Skipped.NONE, Skipped::and))
                .atMost(limits.tokens())
                .owning(closings());
    }

    private Failure nothingLeft(int source) {
        TextDraw draw = texts.get(source);
        return new Failure(
                "of " + draw.texts() + " texts none is left to train on: " + heldOutTexts[source] + " held out, "
                        + draw.skipped().empty() + " without an answer, "
                        + draw.skipped().tooLong() + " too long",
                sources.get(source).place(),
                limits.tokens().isPresent() || sources.size() > 1
                        ? "give more texts, a larger --cutoff or --max-tokens, or a smaller --held-out"
                        : "give more texts, a larger --cutoff or a smaller --held-out");
    }

    /** Ends early where nobody said how many, before a small source or a small training loses more than a tenth. */
    private void drawHeldOut() {
        long[] tokens = new long[sources.size()];
        int wanted = limits.heldOut().orElseGet(this::tenthOfTexts);
        for (int count = 0; count < wanted; count++) {
            int source = furthestBehind(tokens, _ -> true);
            if (!texts.get(source).hasText() || limits.heldOut().isEmpty() && isTenth(source, tokens)) {
                return;
            }
            for (Sample sample : texts.get(source).nextText()) {
                heldOut.add(sample);
                record.add(sample);
                tokens[source] += sample.tokens();
            }
            heldOutTexts[source]++;
        }
    }

    private int tenthOfTexts() {
        long all = texts.stream().mapToLong(TextDraw::texts).sum();
        return Math.clamp(Math.min(all, limits.samples()) / 10, sources.size(), MOST_HELD_OUT);
    }

    private boolean isTenth(int source, long[] tokens) {
        return heldOutTexts[source] >= Math.max(1, texts.get(source).texts() / 10)
                || heldOutTexts[source] > 0 && tokens[source] >= part(source) / 10;
    }

    private void drawTraining() {
        long[] tokens = new long[sources.size()];
        boolean[] ended = new boolean[sources.size()];
        // Of all sources together, as far as is known which of them runs out first.
        double most = Double.POSITIVE_INFINITY;
        int samples = 0;
        while (samples < limits.samples()) {
            int source = furthestBehind(tokens, s -> !ended[s]);
            if (source < 0 || tokens[source] >= most * sources.get(source).share()) {
                return;
            }
            Sample sample = texts.get(source).sample();
            if (sample == null) {
                ended[source] = true;
                most = Math.min(
                        most,
                        limits.epochs() * tokens[source] / sources.get(source).share());
            } else if (tokens[source] + sample.tokens() > part(source)) {
                ended[source] = true;
            } else {
                texts.get(source).moveTo(drawn.get(source));
                record.add(sample);
                tokens[source] += sample.tokens();
                samples++;
            }
        }
    }

    /** What a source gives of the tokens trained on at most. */
    private long part(int source) {
        return limits.tokens().isPresent()
                ? SampleOrder.part(
                        (double) limits.tokens().getAsLong(),
                        sources.get(source).share())
                : Long.MAX_VALUE;
    }

    /** The source whose tokens are the fewest for its share; -1 if there is none. */
    private int furthestBehind(long[] tokens, IntPredicate among) {
        int source = -1;
        double least = Double.POSITIVE_INFINITY;
        for (int s = 0; s < tokens.length; s++) {
            if (among.test(s) && tokens[s] / sources.get(s).share() < least) {
                source = s;
                least = tokens[s] / sources.get(s).share();
            }
        }
        return source;
    }
}
