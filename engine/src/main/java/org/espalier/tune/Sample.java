package org.espalier.tune;

import java.util.Arrays;
import java.util.List;
import org.espalier.backend.LossOps;
import org.espalier.model.Packed;

/**
 * One sequence to learn from.
 *
 * @param ids     tokens that are read
 * @param targets the token that should follow each, or {@link LossOps#IGNORED} where it does not count
 */
public record Sample(int[] ids, int[] targets) {

    /** A sequence whose last token is only a target, so it need not be read. */
    static Sample of(int[] tokens, boolean[] counts) {
        int length = tokens.length - 1;
        int[] targets = new int[length];
        for (int i = 0; i < length; i++) {
            targets[i] = counts[i + 1] ? tokens[i + 1] : LossOps.IGNORED;
        }
        return new Sample(Arrays.copyOf(tokens, length), targets);
    }

    /** Tokens that are read. */
    public int tokens() {
        return ids.length;
    }

    /** Tokens whose loss counts. */
    public int counted() {
        return (int) Arrays.stream(targets).filter(t -> t != LossOps.IGNORED).count();
    }

    /** Samples end to end, each a sequence of its own. */
    static Packed pack(List<Sample> samples) {
        return Packed.of(
                samples.stream().map(Sample::ids).toList(),
                samples.stream().map(Sample::targets).toList());
    }
}
