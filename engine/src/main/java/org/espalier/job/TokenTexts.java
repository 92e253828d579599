package org.espalier.job;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.espalier.text.Tokenizer;

/**
 * What single tokens look like inside a text. Tokens that are a part of a character alone are U+FFFD. May be used by several
 * threads at once.
 */
public final class TokenTexts {

    private final Tokenizer tokenizer;
    /** A token before the one looked at: decoders drop the space of a text's first token. */
    private final int[] before;

    private final Map<Integer, String> texts = new ConcurrentHashMap<>();
    private final Map<Integer, Integer> lengths = new ConcurrentHashMap<>();

    /** @param tokenizer stays open as long as this is used */
    public TokenTexts(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        this.before = tokenizer.encode("a", false);
    }

    /** The token's text, that of a special token by its name. */
    public String text(int id) {
        return texts.computeIfAbsent(id, token -> decoded(token, false));
    }

    /** How much of an answer's text the token is, in UTF-16 units; special tokens are none of it. */
    public int length(int id) {
        return lengths.computeIfAbsent(id, token -> decoded(token, true).length());
    }

    private String decoded(int id, boolean skipSpecial) {
        int[] both = Arrays.copyOf(before, before.length + 1);
        both[before.length] = id;
        String first = tokenizer.decode(before, skipSpecial);
        String all = tokenizer.decode(both, skipSpecial);
        return all.startsWith(first) ? all.substring(first.length()) : tokenizer.decode(new int[] {id}, skipSpecial);
    }
}
