package org.espalier.score;

/**
 * What scoring takes, told from shapes alone.
 *
 * @param activations bytes of activations and their gradients inside a layer
 * @param gradients   bytes of gradients of weights
 * @param waiting     bytes that wait between layers, in memory or in a scratch file
 * @param steps       layers that are walked, either way
 * @param device      bytes of a device's own memory that will be in use, of which are activations, gradients and weights;
 *                    0 where they are in the host's memory
 */
public record ScoringCost(long activations, long gradients, long waiting, int steps, long device) {

    /** What the program itself, its libraries and small buffers take. */
    private static final long PROGRAM_BYTES = 300L << 20;

    /** Bytes of memory without which it cannot be done. */
    public long least() {
        return PROGRAM_BYTES + (device > 0 ? 0 : activations + gradients);
    }

    /** Bytes of memory with everything in it. */
    public long most() {
        return least() + waiting;
    }
}
