package org.espalier.tune;

/**
 * How an optimiser step is made.
 *
 * @param beta1       decay of AdamW's first moment
 * @param beta2       decay of AdamW's second moment
 * @param eps         added to the root of the second moment
 * @param weightDecay decoupled decay of matrices; vectors (norms, biases) do not decay
 * @param maxNorm     largest norm of the whole gradient, or 0 for no clipping
 */
public record TrainingSettings(double beta1, double beta2, double eps, double weightDecay, double maxNorm) {

    /** PyTorch's AdamW without decay, clipped at 1: what LoRA recovery uses. */
    public static TrainingSettings plain() {
        return new TrainingSettings(0.9, 0.999, 1e-8, 0, 1);
    }

    /** For all weights of a model that was trained before: gradients change faster there, and nothing decays. */
    public static TrainingSettings allWeights() {
        return new TrainingSettings(0.9, 0.95, 1e-8, 0, 1);
    }

    /** Usual for training language models from scratch. */
    public static TrainingSettings fromScratch() {
        return new TrainingSettings(0.9, 0.95, 1e-8, 0.1, 1);
    }
}
