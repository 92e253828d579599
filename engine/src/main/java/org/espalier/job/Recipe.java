package org.espalier.job;

import java.util.OptionalInt;

/**
 * Numbers that go together to train a model back. All have rank 8, alpha 16 and dropout 0.05 beside all projections, and clip
 * at 1.
 *
 * @param name          for people
 * @param epochs        how often every sample is seen
 * @param batch         samples of an update
 * @param microBatch    samples computed at once
 * @param learningRate  the highest
 * @param warmUp        updates until the highest rate; if not given, it follows from how many there are
 * @param cutoff        tokens of a sample
 * @param heldOut       texts held out; if not given, it follows from how many there are
 * @param evaluateEvery updates between two looks at them; if not given, it follows from how many there are
 */
public record Recipe(
        String name,
        int epochs,
        int batch,
        int microBatch,
        double learningRate,
        OptionalInt warmUp,
        int cutoff,
        OptionalInt heldOut,
        OptionalInt evaluateEvery) {

    /** Of the adapters. */
    public static final int RANK = 8;
    /** Scale of the adapters, divided by the rank. */
    public static final double ALPHA = 16;
    /** Share of the adapters' inputs that is left out while training. */
    public static final double DROPOUT = 0.05;

    /** The highest rate where all weights are trained. */
    public static final double FULL_RATE = 4e-4;

    /**
     * For some thousands of samples. Of 31 updates on 2,000 Alpaca samples LLM-Pruner's own rate of 1e-4 is too timid: three
     * times that leaves SmolLM2-135M, a fifth of it pruned, at a far lower loss.
     */
    public static final Recipe STANDARD =
            new Recipe("standard", 1, 64, 4, 3e-4, OptionalInt.empty(), 256, OptionalInt.empty(), OptionalInt.empty());

    /** What LLM-Pruner's README asks of its post_training.py, for some 50,000 samples. */
    public static final Recipe LLM_PRUNER = new Recipe(
            "llm-pruner", 2, 64, 4, 1e-4, OptionalInt.of(100), 256, OptionalInt.of(2000), OptionalInt.of(100));
}
