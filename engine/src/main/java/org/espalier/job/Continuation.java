package org.espalier.job;

import java.util.Arrays;
import java.util.Set;
import java.util.function.IntConsumer;
import org.espalier.model.Generator;

/** Writes tokens after a prompt until one ends the text, and keeps the time. */
final class Continuation {

    private final Generator generator;
    private final Set<Integer> ends;
    private final Runnable check;
    private int[] ids = new int[0];
    private boolean stopped;
    private int promptTokens;
    private int steps;
    private long prefillNanos;
    private long decodeNanos;

    /**
     * @param ends  tokens that end a text
     * @param check refuses the last logits; run after the prompt and at the end, which is enough: see
     *     {@link Generator#lastLogits}
     */
    Continuation(Generator generator, Set<Integer> ends, Runnable check) {
        this.generator = generator;
        this.ends = ends;
        this.check = check;
    }

    /** Reads the prompt and writes at most {@code most} tokens, giving each but an end token to {@code sink}. */
    void run(int[] prompt, int most, IntConsumer sink) {
        promptTokens = prompt.length;
        long start = System.nanoTime();
        int next = generator.next(prompt);
        prefillNanos = System.nanoTime() - start;
        check.run();
        int[] written = new int[most];
        int count = 0;
        while (!ends.contains(next)) {
            written[count++] = next;
            sink.accept(next);
            if (count == most) {
                break;
            }
            start = System.nanoTime();
            next = generator.next(next);
            decodeNanos += System.nanoTime() - start;
            steps++;
        }
        check.run();
        stopped = count < most;
        ids = Arrays.copyOf(written, count);
    }

    /** The new tokens, without the one that ended the text. */
    int[] ids() {
        return ids;
    }

    /** Whether an end token came. */
    boolean stopped() {
        return stopped;
    }

    double prefillTokensPerSecond() {
        return promptTokens / (prefillNanos / 1e9);
    }

    /** Of the tokens after the first, which belongs to the prompt's time; 0 if there are none. */
    double decodeTokensPerSecond() {
        return steps == 0 ? 0 : steps / (decodeNanos / 1e9);
    }
}
