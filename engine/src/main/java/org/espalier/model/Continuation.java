package org.espalier.model;

import java.io.Serializable;

/**
 * A text whose end is asked about: how likely it is after what stands before it.
 *
 * @param ids   of all of it; the first is given in any case
 * @param first the first token of the end, from 1
 */
public record Continuation(int[] ids, int first) implements Serializable {

    public Continuation {
        if (first < 1 || first >= ids.length) {
            throw new IllegalArgumentException("end from token " + first + " of " + ids.length);
        }
    }

    /** Tokens that the model reads: the last one is only asked about. */
    int read() {
        return ids.length - 1;
    }

    /** Tokens of the end. */
    public int length() {
        return ids.length - first;
    }

    /**
     * How likely an end is.
     *
     * @param logLikelihood the sum of the natural logarithms of its tokens' probabilities
     * @param greedy        whether each of its tokens is the likeliest one, the lowest id of equals
     */
    public record Likelihood(double logLikelihood, boolean greedy) implements Serializable {}
}
