package org.espalier.tune;

/**
 * What a training holds at once, in bytes, beside the model as it was.
 *
 * @param learned     what is learned
 * @param gradients   of that
 * @param moments     both of AdamW's
 * @param best        what was learned when the held-out loss was lowest; 0 if nothing is held out
 * @param activations of the largest batch, with their gradients
 * @param recomputed  whether activations are computed again in the backward pass instead of kept
 */
public record TrainingMemory(
        long learned, long gradients, long moments, long best, long activations, boolean recomputed) {

    /** All together. */
    public long total() {
        return learned + gradients + moments + best + activations;
    }
}
