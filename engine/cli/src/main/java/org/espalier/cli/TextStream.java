package org.espalier.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import org.espalier.text.Tokenizer;

/**
 * The text of new tokens, printed as it becomes certain. It is what decoding prompt and new tokens together adds to the
 * prompt's own text, because a decoder may treat the first token of a text in its own way.
 */
final class TextStream {

    /** A character whose last bytes are still to come decodes to this. */
    private static final String INCOMPLETE = "\uFFFD";
    /** Tokens before the new ones that are decoded with them. */
    private static final int CONTEXT = 16;

    private final Tokenizer tokenizer;
    private final PrintWriter out;
    private final StringBuilder text = new StringBuilder();
    /** Tokens whose text is known, followed by those whose text is not. */
    private int[] ids;

    private int known;

    /** @param out null prints nothing */
    TextStream(Tokenizer tokenizer, int[] prompt, PrintWriter out) {
        this.tokenizer = tokenizer;
        this.out = out;
        this.ids = Arrays.copyOfRange(prompt, Math.max(0, prompt.length - CONTEXT), prompt.length);
        this.known = ids.length;
    }

    /** Adds a token. */
    void add(int id) {
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = id;
        String added = added();
        if (!added.isEmpty() && !added.endsWith(INCOMPLETE)) {
            take(added);
        }
    }

    /** The whole text, with what was not certain until now. */
    String finish() {
        take(added());
        return text.toString();
    }

    private String added() {
        String before = tokenizer.decode(Arrays.copyOf(ids, known), true);
        String after = tokenizer.decode(ids, true);
        return after.startsWith(before)
                ? after.substring(before.length())
                : tokenizer.decode(Arrays.copyOfRange(ids, known, ids.length), true);
    }

    private void take(String added) {
        text.append(added);
        if (out != null) {
            out.print(added);
            out.flush();
        }
        int from = Math.max(0, ids.length - CONTEXT);
        ids = Arrays.copyOfRange(ids, from, ids.length);
        known = ids.length;
    }
}
