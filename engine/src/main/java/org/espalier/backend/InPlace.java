package org.espalier.backend;

import org.espalier.tensor.Tensor;

/**
 * Compaction in the memory of its source. The target goes through a small piece of other memory, some rows after the
 * others: they are gathered there at full width, and copied to their place when all of them have been. As no row comes from
 * before its own place, what later rows come from is not yet overwritten.
 */
public final class InPlace {

    private static final long MOST_BYTES = 8L << 20;
    /** Into how many pieces a target is cut at least: the other memory is small beside it, whatever its size. */
    private static final int PANELS = 8;

    private InPlace() {}

    /** Whether {@code target} begins where {@code source} does, in the same buffer. */
    public static boolean is(Tensor source, Tensor target) {
        return source.buffer() == target.buffer() && source.offset() == target.offset();
    }

    /**
     * How many rows go through other memory at once: an eighth of the target's, or as many as 8 MiB hold, or one.
     *
     * @param target {@code [kept rows, kept columns]}, not empty
     */
    public static int panelRows(Tensor target) {
        return Math.clamp(
                MOST_BYTES / target.rowBytes(), 1, Math.ceilDiv(target.shape().extent(0), PANELS));
    }
}
