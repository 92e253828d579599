package org.espalier.tune;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.espalier.text.Tokenizer;

/**
 * Texts as tokens of which some count. A text is encoded as a whole, as a model meets it. Vocabularies may join the end of a
 * prompt and the start of its answer in one token: such a token does not count, nor does any other with text of a prompt.
 */
public final class Encoder {

    private final Tokenizer tokenizer;
    private final int cutoff;
    private final boolean everyToken;
    /** The token that ends a text, where the tokenizer does not put it there itself. */
    private final OptionalInt end;

    /** @param cutoff tokens of a sample at most, what begins and ends it included; at least 2 */
    public Encoder(Tokenizer tokenizer, int cutoff) {
        this(tokenizer, cutoff, false);
    }

    /** @param everyToken whether prompts count as well, as they do where a teacher's predictions are learned */
    public Encoder(Tokenizer tokenizer, int cutoff, boolean everyToken) {
        if (cutoff < 2) {
            throw new IllegalArgumentException("a sample of " + cutoff + " tokens teaches nothing");
        }
        this.tokenizer = tokenizer;
        this.cutoff = cutoff;
        this.everyToken = everyToken;
        int[] frame = tokenizer.encode("", true);
        boolean ends = frame.length > 0
                && tokenizer.eosIds().contains(frame[frame.length - 1])
                && !OptionalInt.of(frame[frame.length - 1]).equals(tokenizer.bosId());
        this.end = ends
                ? OptionalInt.empty()
                : tokenizer.eosIds().stream().limit(1).mapToInt(id -> id).findFirst();
    }

    /** Tokens that are read of a sample at most: its last one is only a target. */
    int longest() {
        return cutoff - 1;
    }

    /**
     * The samples of a text: one that counts as a whole is cut into windows, of others the first {@code cutoff} tokens are
     * taken. Empty if nothing that counts is left.
     */
    List<Sample> samples(Example example) {
        return samples(
                example,
                example.framed() ? tokenizer.asking().map(example::asked).orElse(example) : example);
    }

    /** @param written what is encoded of it, with what asks for the answer where the tokenizer has that */
    private List<Sample> samples(Example example, Example written) {
        int[] ids = tokenizer.encode(written.whole(), written.framed());
        boolean ended = example.framed() && end.isPresent() && !endsWith(ids, end.getAsInt());
        int length = ids.length + (ended ? 1 : 0);
        int[] tokens = Arrays.copyOf(ids, length);
        boolean[] counts = Arrays.copyOf(counts(written, ids, example.countsWhole()), length);
        if (ended) {
            tokens[ids.length] = end.getAsInt();
            counts[ids.length] = true;
        }
        List<Sample> samples = new ArrayList<>();
        // The last token of a window is only a target there, so it is the first that the next one reads.
        int lastStart = example.countsWhole() ? length - 2 : Math.min(0, length - 2);
        for (int start = 0; start <= lastStart; start += cutoff - 1) {
            int end = Math.min(length, start + cutoff);
            samples.add(Sample.of(Arrays.copyOfRange(tokens, start, end), Arrays.copyOfRange(counts, start, end)));
        }
        return samples.stream().filter(s -> s.counted() > 0).toList();
    }

    private static boolean endsWith(int[] ids, int id) {
        return ids.length > 0 && ids[ids.length - 1] == id;
    }

    private boolean[] counts(Example example, int[] ids, boolean whole) {
        boolean[] counts = new boolean[ids.length];
        if (everyToken) {
            Arrays.fill(counts, true);
            return counts;
        }
        StringBuilder before = new StringBuilder();
        for (int p = 0; p < example.parts().size(); p++) {
            Example.Part part = example.parts().get(p);
            boolean last = p == example.parts().size() - 1;
            int start = part.counts() && p > 0
                    ? boundary(before.toString(), example.framed(), ids).after()
                    : 0;
            before.append(part.text());
            if (part.counts()) {
                int end = last
                        ? ids.length
                        : boundary(before.toString(), example.framed(), ids).before();
                Arrays.fill(counts, start, Math.max(start, end), true);
                if (end >= cutoff && !whole) {
                    // What follows is cut off. Every boundary encodes all that stands before it.
                    return counts;
                }
            }
        }
        return counts;
    }

    /**
     * Where a text's beginning ends among its tokens.
     *
     * @param before tokens that surely belong to the beginning
     * @param after  the first token without any text of it
     */
    private record Boundary(int before, int after) {}

    private Boundary boundary(String beginning, boolean framed, int[] ids) {
        int[] prefix = tokenizer.encode(beginning, framed);
        if (framed && end.isEmpty()) {
            prefix = Arrays.copyOf(prefix, Math.max(0, prefix.length - 1));
        }
        int mismatch = Arrays.mismatch(prefix, ids);
        if (mismatch < 0 || mismatch == prefix.length) {
            return new Boundary(prefix.length, prefix.length);
        }
        int characters = tokenizer.decode(prefix, false).length();
        int after = mismatch;
        while (after < ids.length
                && tokenizer.decode(Arrays.copyOf(ids, after), false).length() < characters) {
            after++;
        }
        return new Boundary(mismatch, after);
    }
}
