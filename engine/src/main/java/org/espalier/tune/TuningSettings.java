package org.espalier.tune;

import java.util.OptionalInt;

/**
 * How a model is trained back.
 *
 * @param epochs          how often every sample is seen
 * @param batch           samples of an update, roughly: as many as can be with all updates alike
 * @param microBatch      samples computed at once, which changes memory and speed
 * @param rate            of the updates
 * @param optimizer       of the updates
 * @param evaluateEvery   updates between two looks at the held-out loss; if not given, a quarter of all
 * @param patience        looks without a lower held-out loss after which training ends; if not given, it goes on to its end
 * @param activationBytes what activations may take before they are computed again in the backward pass instead of kept
 * @param seed            of order and dropout
 */
public record TuningSettings(
        int epochs,
        int batch,
        int microBatch,
        Rate rate,
        TrainingSettings optimizer,
        OptionalInt evaluateEvery,
        OptionalInt patience,
        long activationBytes,
        long seed) {

    private static final int LONGEST_WARM_UP = 100;

    /** How the rate goes on once it has risen to its peak. */
    public enum Fall {
        /** Evenly to 0. */
        LINEAR,
        /** Along half a cosine to a tenth of the peak. */
        COSINE
    }

    /**
     * The learning rate.
     *
     * @param peak   the highest
     * @param warmUp updates until it is reached; if not given, a sixteenth of all, at most 100
     * @param fall   what it does then
     */
    public record Rate(double peak, OptionalInt warmUp, Fall fall) {

        public Rate {
            if (!(peak > 0)) {
                throw new IllegalArgumentException("learning rate " + peak);
            }
        }

        /** Updates until the peak, of so many. */
        public int warmUp(int steps) {
            return warmUp.orElse(Math.min(LONGEST_WARM_UP, (steps + 15) / 16));
        }

        /** Of every one of so many updates. */
        LearningRate of(int steps) {
            return fall == Fall.LINEAR
                    ? LearningRate.linear(peak, warmUp(steps), steps)
                    : LearningRate.cosine(peak, peak / 10, warmUp(steps), steps);
        }
    }

    public TuningSettings {
        if (epochs < 1 || batch < 1 || microBatch < 1) {
            throw new IllegalArgumentException(
                    "training with " + epochs + " epochs, batch " + batch + ", micro-batch " + microBatch);
        }
    }

    /** To the end, whatever the held-out loss does. */
    public TuningSettings(
            int epochs,
            int batch,
            int microBatch,
            Rate rate,
            TrainingSettings optimizer,
            OptionalInt evaluateEvery,
            long activationBytes,
            long seed) {
        this(epochs, batch, microBatch, rate, optimizer, evaluateEvery, OptionalInt.empty(), activationBytes, seed);
    }

    /** Updates between two looks at held-out samples, of so many. */
    public int evaluateEvery(int steps) {
        return evaluateEvery.orElse((steps + 3) / 4);
    }
}
