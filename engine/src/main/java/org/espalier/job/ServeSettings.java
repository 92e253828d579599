package org.espalier.job;

import java.util.OptionalInt;

/** How many requests are answered at once, and how long they may be. */
public final class ServeSettings extends Settings<ServeSettings> {

    /** Tokens of prompt and answer together, where no number is asked for and the model has room for more. */
    public static final int USUAL_CONTEXT = 4096;
    /** Sequences that go through the model together at most. */
    public static final int MOST_TOGETHER = 256;

    private int together = 8;
    private int queue = 256;
    private OptionalInt context = OptionalInt.empty();
    private OptionalInt cacheTokens = OptionalInt.empty();

    private ServeSettings() {}

    /** Eight sequences at once, 256 that wait, 4,096 tokens each if the model has room for them. */
    public static ServeSettings defaults() {
        return new ServeSettings();
    }

    /** Sequences that go through the model at once at most. */
    public ServeSettings together(int sequences) {
        within(1, MOST_TOGETHER, "together", sequences);
        return with(copy -> copy.together = sequences);
    }

    /** Sequences that go through the model at once at most. */
    public int together() {
        return together;
    }

    /** Sequences that may wait. */
    public ServeSettings queue(int sequences) {
        atLeast(1, "queue", sequences);
        return with(copy -> copy.queue = sequences);
    }

    /** Sequences that may wait. */
    public int queue() {
        return queue;
    }

    /** Tokens of prompt and answer together at most. */
    public ServeSettings context(int tokens) {
        atLeast(1, "context", tokens);
        return with(copy -> copy.context = OptionalInt.of(tokens));
    }

    /** Tokens of prompt and answer together at most, of a model that has room for {@code positions}. */
    public int contextWithin(int positions) {
        return Math.min(positions, context.orElse(USUAL_CONTEXT));
    }

    /** Tokens that all sequences have in the cache together at most; without it as many as a part of the memory holds. */
    public ServeSettings cacheTokens(int tokens) {
        atLeast(1, "cacheTokens", tokens);
        return with(copy -> copy.cacheTokens = OptionalInt.of(tokens));
    }

    /** Tokens that all sequences have in the cache together at most; without it as many as a part of the memory holds. */
    public OptionalInt cacheTokens() {
        return cacheTokens;
    }
}
