package org.espalier.job;

import java.util.Arrays;
import java.util.function.Consumer;
import org.espalier.text.Tokenizer;

/**
 * The text of new tokens, given as it becomes certain. It is what decoding prompt and new tokens together adds to the
 * prompt's own text, because a decoder may treat the first token of a text in its own way.
 */
public final class TextStream {

    /** A character whose last bytes are still to come decodes to this. */
    private static final String INCOMPLETE = "\uFFFD";
    /** Tokens before the new ones that are decoded with them. */
    private static final int CONTEXT = 16;
    /** Tokens whose text may stay uncertain: a ruined model writes bytes that never become a character. */
    private static final int MOST_UNCERTAIN = 64;
    /** The last tokens that still wait then: as many as a character has bytes at most. */
    private static final int WAITING = 4;

    private final Tokenizer tokenizer;
    private final Consumer<String> sink;
    private final StringBuilder text = new StringBuilder();
    /** Tokens whose text is known, followed by those whose text is not. */
    private int[] ids;

    private int known;

    /**
     * @param prompt tokens before the new ones
     * @param sink   gets the text piece by piece
     */
    public TextStream(Tokenizer tokenizer, int[] prompt, Consumer<String> sink) {
        this.tokenizer = tokenizer;
        this.sink = sink;
        this.ids = Arrays.copyOfRange(prompt, Math.max(0, prompt.length - CONTEXT), prompt.length);
        this.known = ids.length;
    }

    /** Adds a token. */
    public void add(int id) {
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = id;
        String added = added();
        if (!added.isEmpty() && !added.endsWith(INCOMPLETE)) {
            append(added, ids.length);
        } else if (ids.length - known >= MOST_UNCERTAIN) {
            appendBegun(ids.length - WAITING);
        }
    }

    /** The whole text, with what was not certain until now. */
    public String finish() {
        append(added(), ids.length);
        return text.toString();
    }

    private String added() {
        return added(ids);
    }

    /** What tokens add to the text of those that are known, which they begin with. */
    private String added(int[] tokens) {
        String before = tokenizer.decode(Arrays.copyOf(tokens, known), true);
        String after = tokenizer.decode(tokens, true);
        return after.startsWith(before)
                ? after.substring(before.length())
                : tokenizer.decode(Arrays.copyOfRange(tokens, known, tokens.length), true);
    }

    /** Appends the text of the tokens before {@code end}, or before the last place that splits no character. */
    private void appendBegun(int end) {
        String whole = added();
        for (int place = end; place > known; place--) {
            String begun = added(Arrays.copyOf(ids, place));
            if (whole.startsWith(begun)) {
                append(begun, place);
                return;
            }
        }
    }

    private void append(String added, int end) {
        text.append(added);
        sink.accept(added);
        int start = Math.max(0, end - CONTEXT);
        ids = Arrays.copyOfRange(ids, start, ids.length);
        known = end - start;
    }
}
