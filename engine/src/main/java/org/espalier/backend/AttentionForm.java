package org.espalier.backend;

/**
 * What attention makes of the product of a query and a key, and how far back a query looks. The score is
 * {@code cap · tanh(scale · product / cap)}, or {@code scale · product} without a cap, to which, where heads have slopes,
 * {@code slope[head]} times the key's place minus the query's is added (ALiBi, Press et al. 2022).
 *
 * @param scale  multiplies products
 * @param cap    what scores come near to at most (Gemma 2); 0 for no such bound
 * @param window how many keys a query sees at most, the last of them its own (Beltagy et al. 2020); 0 for all
 */
public record AttentionForm(double scale, double cap, int window) {

    /** Any number of keys. */
    private static final int ALL = Integer.MAX_VALUE;

    public AttentionForm {
        if (!(cap >= 0) || window < 0) {
            throw new IllegalArgumentException("attention with scores up to " + cap + " in a window of " + window);
        }
    }

    /** Scores as they are, of all keys up to the query's own. */
    public static AttentionForm plain(double scale) {
        return new AttentionForm(scale, 0, 0);
    }

    /** Keys that a query sees at most. */
    public int reach() {
        return window == 0 ? ALL : window;
    }

    /** The first key that a query sees whose own is the last of so many. */
    public int first(int keys) {
        return Math.max(0, keys - reach());
    }
}
