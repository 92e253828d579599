package org.espalier.tune;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.file.Sha256;

/**
 * Samples to train on, and others that only show how training goes.
 *
 * @param training to learn from
 * @param heldOut  from other texts
 * @param empty    texts that were left out because there is no answer in them
 * @param tooLong  texts that were left out because no answer is left after the cutoff
 * @param broken   records that were left out because they are no texts
 */
public record TrainingData(List<Sample> training, List<Sample> heldOut, int empty, int tooLong, int broken) {

    private static final int MOST_HELD_OUT = 2000;

    public TrainingData {
        training = List.copyOf(training);
        heldOut = List.copyOf(heldOut);
    }

    /** SHA-256 of every token that is read or predicted, in hexadecimal: equal data has equal ones. */
    public String sha256() {
        return Sha256.ofNumbers(Stream.concat(
                        // The count tells which are held out.
                        Stream.of(new int[] {training.size()}),
                        Stream.concat(training.stream(), heldOut.stream())
                                .flatMap(sample -> Stream.of(sample.ids(), sample.targets())))
                .toList());
    }

    /**
     * Draws texts in random order: first those held out, then those trained on, until there are enough samples or no more
     * texts. No text gives samples to both.
     *
     * @param most    samples trained on
     * @param heldOut texts held out; if not given, a tenth of the texts, or of {@code most} if those are fewer, from 1 to
     *                2,000
     * @throws Failure if too few texts are left to train on
     */
    public static TrainingData draw(
            Examples examples, Encoder encoder, int most, OptionalInt heldOut, long seed, String where) {
        Draw draw = new Draw(examples, encoder, seed);
        int wanted = heldOut.orElse(Math.clamp(Math.min(examples.size(), most) / 10, 1, MOST_HELD_OUT));
        List<Sample> others = new ArrayList<>();
        for (int texts = 0; texts < wanted && draw.hasNext(); texts++) {
            others.addAll(draw.next());
        }
        List<Sample> training = new ArrayList<>();
        while (training.size() < most && draw.hasNext()) {
            training.addAll(draw.next());
        }
        if (training.isEmpty()) {
            throw new Failure(
                    "of " + examples.size() + " texts none is left to train on: " + wanted + " held out, " + draw.empty
                            + " without an answer, " + draw.tooLong + " too long",
                    where,
                    "give more texts, a larger --cutoff or a smaller --held-out");
        }
        return new TrainingData(
                training.subList(0, Math.min(most, training.size())),
                others,
                draw.empty,
                draw.tooLong,
                examples.broken());
    }

    /** Tokens of all samples trained on. */
    public long tokens() {
        return tokens(training);
    }

    /** Tokens of all samples held out. */
    public long heldOutTokens() {
        return tokens(heldOut);
    }

    private static long tokens(List<Sample> samples) {
        return samples.stream().mapToLong(Sample::tokens).sum();
    }

    /** Usable texts in random order. */
    private static final class Draw {

        private final Examples examples;
        private final Encoder encoder;
        private final List<Integer> order;
        private int at;
        private List<Sample> next = List.of();
        private int empty;
        private int tooLong;

        Draw(Examples examples, Encoder encoder, long seed) {
            this.examples = examples;
            this.encoder = encoder;
            order = new ArrayList<>(IntStream.range(0, examples.size()).boxed().toList());
            Collections.shuffle(order, new Random(seed));
        }

        boolean hasNext() {
            while (next.isEmpty() && at < order.size()) {
                Example example = examples.get(order.get(at++));
                if (example.counts()) {
                    next = encoder.samples(example);
                    tooLong += next.isEmpty() ? 1 : 0;
                } else {
                    empty++;
                }
            }
            return !next.isEmpty();
        }

        List<Sample> next() {
            List<Sample> samples = next;
            next = List.of();
            return samples;
        }
    }
}
