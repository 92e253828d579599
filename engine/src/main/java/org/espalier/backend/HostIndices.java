package org.espalier.backend;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.LongUnaryOperator;
import org.espalier.tensor.Tensor;

/**
 * Row and column numbers that lie in host memory. Outside what is allowed they are refused before anything is touched; on
 * a device the kernels look at them.
 */
public final class HostIndices {

    private HostIndices() {}

    /**
     * Refuses row numbers outside a table, where the host can see them.
     *
     * @param name  what they are, for example {@code ids}
     * @param limit one more than the largest allowed
     */
    public static void check(String operation, String name, Tensor indices, long limit) {
        check(operation, name, indices, t -> 0, limit, false);
    }

    /** As {@link #check(String, String, Tensor, long)}, with {@link LossOps#IGNORED} allowed as well. */
    public static void checkTargets(String operation, Tensor targets, long vocab) {
        check(operation, "targets", targets, t -> 0, vocab, true);
    }

    /** @param first the smallest number allowed, by its place in the list */
    private static void check(
            String operation, String name, Tensor indices, LongUnaryOperator first, long limit, boolean mayBeIgnored) {
        MemorySegment bytes = HostBuffer.segment(indices);
        for (long t = 0; t < indices.shape().elements(); t++) {
            int index = bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 4 * t);
            long least = first.applyAsLong(t);
            if ((index < least || index >= limit) && !(mayBeIgnored && index == LossOps.IGNORED)) {
                throw new IllegalArgumentException(operation + ": " + name + "[" + t + "] is " + index + ", outside "
                        + least + " to " + (limit - 1) + "; " + name + " " + indices.type() + " " + indices.shape());
            }
        }
    }

    /** As {@link #check}, for both lists of {@code gather}; in place no row comes from before its own place. */
    public static void checkKept(Tensor source, Tensor rows, Tensor columns, Tensor target) {
        if (rows != null) {
            if (InPlace.is(source, target)) {
                check("gather in place", "rows", rows, i -> i, source.shape().dim(0), false);
            } else {
                check("gather", "rows", rows, source.shape().dim(0));
            }
        }
        if (columns != null) {
            check("gather", "columns", columns, source.shape().dim(1));
        }
    }
}
