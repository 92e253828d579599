package org.espalier.job.serve;

import java.util.List;
import java.util.OptionalDouble;

/**
 * A token of a text, and how likely it was there.
 *
 * @param id        of the token
 * @param logprob   natural logarithm of its probability; empty for the first token of a text, and where it was not asked for
 * @param likeliest tokens that were the likeliest there, the likeliest first
 */
public record TokenScore(int id, OptionalDouble logprob, List<Alternative> likeliest) {

    /**
     * A token that could have stood there.
     *
     * @param logprob natural logarithm of its probability
     */
    public record Alternative(int id, double logprob) {}

    /** A token that nothing is said of. */
    static TokenScore unscored(int id) {
        return new TokenScore(id, OptionalDouble.empty(), List.of());
    }
}
