package org.espalier.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What byte-pair encoding puts a token together of at last. Whatever stands beside the token in a text, what becomes the token is merged
 * in the same order as where it stands alone: a pair that reaches over its edge is never the first in turn, or it would not have become
 * the token. So a vocabulary that has a token, both tokens of its last merge, and so on, makes that token of a text
 * wherever the whole vocabulary does.
 *
 * @param left  token
 * @param right token
 */
record LastMerge(String left, String right) {

    /** No merge. */
    static final int NONE = Integer.MAX_VALUE;

    /** When two neighbours are merged. */
    @FunctionalInterface
    interface Order {
        /** The lower, the earlier; of equal ones the leftmost; {@link #NONE} for never. */
        int rank(String left, String right);
    }

    /**
     * The last merge of a text that becomes one token.
     *
     * @return empty for a single character, and for what does not become one token
     */
    static Optional<LastMerge> of(String text, Order order) {
        List<String> symbols = characters(text);
        LastMerge last = null;
        while (symbols.size() > 1) {
            int best = NONE;
            int at = -1;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                int rank = order.rank(symbols.get(i), symbols.get(i + 1));
                if (rank < best) {
                    best = rank;
                    at = i;
                }
            }
            if (at < 0) {
                return Optional.empty();
            }
            last = new LastMerge(symbols.get(at), symbols.remove(at + 1));
            symbols.set(at, last.left + last.right);
        }
        return Optional.ofNullable(last);
    }

    /** The characters of a text, each as a text. */
    static List<String> characters(String text) {
        List<String> characters = new ArrayList<>();
        text.codePoints().forEach(c -> characters.add(Character.toString(c)));
        return characters;
    }

    /** Whether a text is one character. */
    static boolean isCharacter(String text) {
        return text.codePointCount(0, text.length()) == 1;
    }
}
