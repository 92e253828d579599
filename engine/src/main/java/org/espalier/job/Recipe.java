package org.espalier.job;

import java.util.OptionalInt;
import java.util.OptionalLong;
import org.espalier.tune.TuningSettings.Fall;

/**
 * Numbers that go together to train a model back. Gradients are clipped at 1.
 *
 * @param name   for people
 * @param texts  where texts' own tokens are learned
 * @param taught where a teacher's predictions are
 */
public record Recipe(String name, Numbers texts, Numbers taught) {

    /**
     * Numbers of one kind of training.
     *
     * @param epochs     how often every sample is seen
     * @param maxTokens  trained on; if not given, all
     * @param batch      samples of an update, or sequences of {@code cutoff} tokens where samples are packed
     * @param microBatch as many computed at once
     * @param rate       of the updates
     * @param warmUp     updates until the highest rate; if not given, it follows from how many there are
     * @param cutoff     tokens of a sample
     * @param looks      at samples that are not trained on
     * @param adapters   beside all projections
     */
    public record Numbers(
            int epochs,
            OptionalLong maxTokens,
            int batch,
            int microBatch,
            Rate rate,
            OptionalInt warmUp,
            int cutoff,
            Looks looks,
            Adapters adapters) {

        private Numbers within(long tokens, int sequences) {
            return new Numbers(
                    epochs, OptionalLong.of(tokens), sequences, microBatch, rate, warmUp, cutoff, looks, adapters);
        }
    }

    /**
     * The learning rate.
     *
     * @param adapters the highest where adapters are trained
     * @param full     the highest where all weights are, which then falls along a cosine
     * @param fall     what that of adapters does
     */
    public record Rate(double adapters, double full, Fall fall) {}

    /**
     * Samples that are not trained on, and how often they are looked at.
     *
     * @param heldOut texts; if not given, it follows from how many there are
     * @param every   updates between two looks; if not given, it follows from how many there are
     */
    public record Looks(OptionalInt heldOut, OptionalInt every) {

        private static final Looks USUAL = new Looks(OptionalInt.empty(), OptionalInt.empty());
    }

    /**
     * What is trained beside the projections.
     *
     * @param rank    of the adapters
     * @param alpha   their scale, divided by the rank
     * @param dropout share of their inputs that is left out while training
     * @param norms   whether the weights of norms are trained too
     */
    public record Adapters(int rank, double alpha, double dropout, boolean norms) {}

    private static final Adapters SMALL = new Adapters(8, 16, 0.05, false);
    private static final double FULL_RATE = 4e-4;

    /**
     * For some thousands of samples. Of 31 updates on 2,000 Alpaca samples LLM-Pruner's own rate of 1e-4 is too timid: three
     * times that leaves SmolLM2-135M, a fifth of it pruned, at a far lower loss.
     */
    private static final Numbers TEXTS = new Numbers(
            1,
            OptionalLong.empty(),
            64,
            4,
            new Rate(3e-4, FULL_RATE, Fall.LINEAR),
            OptionalInt.empty(),
            256,
            Looks.USUAL,
            SMALL);

    /**
     * A teacher says so much with every token that small updates pay and adapters can be large: on half of the demo's model,
     * rank 32 with the weights of norms ended at a lower perplexity than rank 8 without (bench/quality.md).
     */
    private static final Numbers TAUGHT = new Numbers(
            1,
            OptionalLong.empty(),
            16,
            4,
            new Rate(1.5e-3, FULL_RATE, Fall.COSINE),
            OptionalInt.empty(),
            256,
            Looks.USUAL,
            new Adapters(32, 64, 0, true));

    /** The best that is known. */
    public static final Recipe STANDARD = new Recipe("standard", TEXTS, TAUGHT);

    /** The same on no more than 50,000 tokens: minutes for a small model. */
    public static final Recipe FAST = new Recipe("fast", TEXTS.within(50_000, 16), TAUGHT.within(50_000, 8));

    private static final Numbers PUBLISHED = new Numbers(
            2,
            OptionalLong.empty(),
            64,
            4,
            new Rate(1e-4, FULL_RATE, Fall.LINEAR),
            OptionalInt.of(100),
            256,
            new Looks(OptionalInt.of(2000), OptionalInt.of(100)),
            SMALL);

    /** What LLM-Pruner's README asks of its post_training.py, for some 50,000 samples; it knows no teacher. */
    public static final Recipe LLM_PRUNER = new Recipe("llm-pruner", PUBLISHED, PUBLISHED);
}
