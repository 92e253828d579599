package org.espalier.plan;

import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Which tokens of a vocabulary stay: those that texts use most, with whatever these cannot do without. */
public final class TokenChoice {

    private final long[] uses;
    private final BitSet required;
    private final IntFunction<int[]> parts;
    private final List<Integer> mostUsedFirst;

    /**
     * A choice among tokens.
     *
     * @param uses     of each token in texts
     * @param required tokens that stay whatever their use
     * @param parts    the tokens without which a token is none
     */
    public TokenChoice(long[] uses, BitSet required, IntFunction<int[]> parts) {
        this.uses = uses.clone();
        this.required = required.get(0, uses.length);
        this.parts = parts;
        this.mostUsedFirst = IntStream.range(0, uses.length)
                .boxed()
                .sorted(Comparator.comparingLong(token -> -uses[token]))
                .toList();
    }

    /**
     * The tokens that are used {@code least} times or more, those that must stay, whatever these cannot do without, and as many
     * of the others, the most used first, as make their number a multiple.
     */
    public BitSet used(long least, int multiple) {
        BitSet kept = closed(required);
        for (int token : mostUsedFirst) {
            if (uses[token] >= least) {
                add(token, kept);
            }
        }
        return filled(kept, Math.min(uses.length, Math.ceilDiv(kept.cardinality(), multiple) * multiple));
    }

    /** So many of the most used tokens, or as many as must stay at least. */
    public BitSet mostUsed(int count) {
        return filled(closed(required), Math.min(uses.length, count));
    }

    private BitSet closed(BitSet tokens) {
        BitSet closed = new BitSet();
        tokens.stream().forEach(token -> add(token, closed));
        return closed;
    }

    private void add(int token, BitSet kept) {
        if (!kept.get(token)) {
            kept.set(token);
            for (int part : parts.apply(token)) {
                add(part, kept);
            }
        }
    }

    /** Takes the most used tokens that still fit with what they cannot do without, until there are as many as wanted. */
    private BitSet filled(BitSet tokens, int count) {
        BitSet kept = tokens;
        int before = -1;
        while (kept.cardinality() < count && kept.cardinality() != before) {
            before = kept.cardinality();
            for (int token : mostUsedFirst) {
                int room = count - kept.cardinality();
                if (room == 0) {
                    return kept;
                }
                if (!kept.get(token) && missing(token, kept).cardinality() <= room) {
                    add(token, kept);
                }
            }
        }
        return kept;
    }

    /** The token and its parts, as far as they are not kept. */
    private BitSet missing(int token, BitSet kept) {
        BitSet missing = new BitSet();
        addMissing(token, kept, missing);
        return missing;
    }

    private void addMissing(int token, BitSet kept, BitSet missing) {
        if (!kept.get(token) && !missing.get(token)) {
            missing.set(token);
            for (int part : parts.apply(token)) {
                addMissing(part, kept, missing);
            }
        }
    }
}
