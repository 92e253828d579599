package org.espalier.couple;

import java.util.List;
import org.espalier.tape.Value;

/**
 * How one axis of one tensor takes part in a group: unit {@code u} is the entries
 * {@code offset + o · period + u · stride + i} for every {@code o < outer} and {@code i < stride}, of every run.
 *
 * @param tensor a parameter, or a constant that shrinks with the group but has no score
 * @param axis   0 for rows, 1 for columns
 * @param runs   where the units lie: one run unless parts of the axis are laid one after the other
 */
public record Member(Value tensor, int axis, List<Run> runs) {

    /**
     * A part of the axis through which the group's units run.
     *
     * @param offset first entry
     * @param outer  times the units are repeated
     * @param period entries from one repetition to the next; that of all units if there is only one
     * @param stride entries of one unit in each repetition, which lie together
     */
    public record Run(long offset, long outer, long period, long stride) {}

    public Member {
        runs = List.copyOf(runs);
    }

    /** Entries of this axis in one unit. */
    public long entriesPerUnit() {
        return runs.stream().mapToLong(r -> r.outer * r.stride).sum();
    }

    /** The entries of unit {@code unit}, ascending within each run. */
    public long[] entries(long unit) {
        long[] entries = new long[Math.toIntExact(entriesPerUnit())];
        int at = 0;
        for (Run run : runs) {
            for (long o = 0; o < run.outer; o++) {
                for (long i = 0; i < run.stride; i++) {
                    entries[at++] = run.offset + o * run.period + unit * run.stride + i;
                }
            }
        }
        return entries;
    }

    /** Numbers of the tensor that one unit carries. */
    public long numbersPerUnit() {
        return entriesPerUnit() * (tensor.shape().elements() / tensor.shape().dim(axis));
    }
}
