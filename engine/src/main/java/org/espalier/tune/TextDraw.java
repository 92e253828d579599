package org.espalier.tune;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.espalier.tune.TrainingData.Skipped;

/** The usable texts of a source in random order, and their samples. */
final class TextDraw {

    private final Examples examples;
    private final Encoder encoder;
    private final int[] order;
    private final Deque<Sample> begun = new ArrayDeque<>();
    private List<Sample> next = List.of();
    private int at;
    private int text;
    private boolean only;
    private int empty;
    private int tooLong;

    TextDraw(Examples examples, Encoder encoder, long seed) {
        this.examples = examples;
        this.encoder = encoder;
        order = Shuffle.of(new int[examples.size()], new Random(seed));
    }

    /** Texts in all. */
    int texts() {
        return examples.size();
    }

    Skipped skipped() {
        return new Skipped(empty, tooLong, examples.broken());
    }

    boolean hasText() {
        while (next.isEmpty() && at < order.length) {
            text = order[at++];
            Example example = examples.get(text);
            if (example.counts()) {
                next = encoder.samples(example);
                tooLong += next.isEmpty() ? 1 : 0;
            } else {
                empty++;
            }
        }
        return !next.isEmpty();
    }

    /** The samples of the next text. */
    List<Sample> nextText() {
        List<Sample> samples = next;
        next = List.of();
        return samples;
    }

    /** The next sample of the text that is begun, or of the next one; null after the last. It stays the next one. */
    Sample sample() {
        if (begun.isEmpty() && hasText()) {
            begun.addAll(nextText());
            only = begun.size() == 1;
        }
        return begun.peek();
    }

    /** Puts what {@link #sample} returned where it is kept, and goes past it. */
    void moveTo(DrawnSamples samples) {
        samples.add(begun.remove(), text, only);
    }
}
