package org.espalier.couple;

import java.util.List;
import java.util.stream.LongStream;
import org.espalier.tape.Value;

/**
 * How one axis of one tensor takes part in a group: unit {@code u} is the entries
 * {@code offset + o · period + u · stride + i} for every {@code o < outer} and {@code i < stride}, of every run.
 *
 * @param tensor a parameter, or a constant that shrinks with the group but has no score
 * @param axis   0 for rows, 1 for columns
 * @param runs   where the units lie: one run unless parts of the axis are laid one after the other
 * @param only   the set of units that the tensor has, or the unit where all units are one set: the weights of one expert; −1
 *               where it has all. Of a tensor that is one unit, that unit is every entry
 */
public record Member(Value tensor, int axis, List<Run> runs, int only) {

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

    /** Of a tensor that has all units. */
    public Member(Value tensor, int axis, List<Run> runs) {
        this(tensor, axis, runs, -1);
    }

    /** The same of a tensor that has one set of units, or is one unit. */
    Member only(int part) {
        return new Member(tensor, axis, runs, part);
    }

    /** Entries of this axis in one unit. */
    public long entriesPerUnit() {
        return runs.stream().mapToLong(r -> r.outer * r.stride).sum();
    }

    /** Whether the tensor is one unit as a whole. */
    private boolean one() {
        return only >= 0 && entriesPerUnit() == tensor.shape().dim(axis);
    }

    /**
     * The entries of unit {@code unit}, ascending within each run; none if the tensor is another unit as a whole. Of a tensor that
     * has one set of units, units are those of the set.
     */
    public long[] entries(long unit) {
        if (one()) {
            return unit == only ? LongStream.range(0, entriesPerUnit()).toArray() : new long[0];
        }
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
