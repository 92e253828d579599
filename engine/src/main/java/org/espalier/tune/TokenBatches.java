package org.espalier.tune;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.espalier.model.Packed;

/**
 * Batches of one size from an endless row of texts: texts are laid end to end without padding, each by itself, and the last
 * of a batch is cut where the batch is full.
 */
public final class TokenBatches {

    private final IntFunction<int[]> texts;
    private final int tokens;
    private final int longest;
    private int next;

    /**
     * @param texts   ids of text {@code i}, from 0
     * @param tokens  of a batch
     * @param longest tokens of a text that are used
     */
    public TokenBatches(IntFunction<int[]> texts, int tokens, int longest) {
        this.texts = texts;
        this.tokens = tokens;
        this.longest = longest;
    }

    /** The next batch, of texts that no earlier batch had. */
    public Packed next() {
        List<int[]> sequences = new ArrayList<>();
        int filled = 0;
        while (filled < tokens) {
            int[] ids = texts.apply(next++);
            int[] used = Arrays.copyOf(ids, Math.min(ids.length, Math.min(longest, tokens - filled)));
            sequences.add(used);
            filled += used.length;
        }
        return Packed.of(sequences);
    }
}
