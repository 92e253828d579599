package org.espalier.tape;

import java.util.Arrays;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Sequences;
import org.espalier.tensor.Tensor;

/**
 * The rows for which a weight is used in one run.
 *
 * @param sequences how they divide into the run's sequences
 * @param start     the first row, or −1 for all rows
 * @param end       one more than the last
 */
public record WeightRows(Sequences sequences, int start, int end) {

    private static final int ALL = -1;

    static WeightRows all(Step step) {
        return new WeightRows(step.sequences(), ALL, ALL);
    }

    static WeightRows of(WeightShare share, Step step) {
        int[] starts = HostCopy.readInts(step.backend(), step.queue(), step.value(share.starts()));
        int start = starts[share.expert()];
        int end = starts[share.expert() + 1];
        int[] sorted = HostCopy.readInts(step.backend(), step.queue(), step.value(share.sorted()));
        return new WeightRows(
                sequences(step.sequences(), Arrays.copyOfRange(sorted, start, end), sorted.length), start, end);
    }

    /** The rows ascend by token, and so by sequence. */
    private static Sequences sequences(Sequences tokens, int[] rows, int all) {
        int[] ends = tokens.queryStart();
        int[] lengths = new int[tokens.count()];
        int sequence = 0;
        for (int row : rows) {
            int token = (int) ((long) row * tokens.queries() / all);
            while (token >= ends[sequence + 1]) {
                sequence++;
            }
            lengths[sequence]++;
        }
        return Sequences.packed(lengths);
    }

    /** Whether there are none. */
    public boolean none() {
        return start != ALL && start == end;
    }

    /** Of numbers for all rows those of these. */
    public Tensor of(Tensor all) {
        return start == ALL ? all : all.slice(start, end);
    }
}
