package org.espalier.tune;

import java.util.OptionalInt;
import org.espalier.model.LoraConfig;

/**
 * How adapters are trained.
 *
 * @param lora            the adapters
 * @param epochs          how often every sample is seen
 * @param batch           samples of an update, roughly: see {@link EpochBatches}
 * @param microBatch      samples that are computed at once
 * @param learningRate    the highest: it rises linearly to it, then falls linearly
 * @param warmUp          updates until the highest rate; if not given, a sixteenth of all, at most 100
 * @param evaluateEvery   updates between two looks at the held-out loss; if not given, a quarter of all
 * @param activationBytes what activations may take before they are computed again in the backward pass instead of kept
 * @param seed            of fresh adapters, order and dropout
 */
public record LoraSettings(
        LoraConfig lora,
        int epochs,
        int batch,
        int microBatch,
        double learningRate,
        OptionalInt warmUp,
        OptionalInt evaluateEvery,
        long activationBytes,
        long seed) {

    private static final int LONGEST_WARM_UP = 100;

    public LoraSettings {
        if (epochs < 1 || batch < 1 || microBatch < 1 || !(learningRate > 0)) {
            throw new IllegalArgumentException("training with " + epochs + " epochs, batch " + batch + ", micro-batch "
                    + microBatch + ", learning rate " + learningRate);
        }
    }

    /** Updates until the highest rate, of so many. */
    public int warmUp(int steps) {
        return warmUp.orElse(Math.min(LONGEST_WARM_UP, (steps + 15) / 16));
    }

    /** Updates between two looks at held-out samples, of so many. */
    public int evaluateEvery(int steps) {
        return evaluateEvery.orElse((steps + 3) / 4);
    }
}
