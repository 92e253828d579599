package org.espalier.job.serve;

import java.util.Optional;
import java.util.OptionalInt;
import org.espalier.backend.Sampling;

/**
 * What is asked of one sequence.
 *
 * @param prompt       its tokens, at least one
 * @param most         tokens to write at most; 0 if the prompt is only scored
 * @param sampling     how a token is drawn; empty if the likeliest is taken
 * @param alternatives how many of the likeliest tokens are told beside each score; empty if tokens are not scored
 * @param promptScored whether the prompt's tokens are scored too
 */
record Sequence(int[] prompt, int most, Optional<Sampling> sampling, OptionalInt alternatives, boolean promptScored) {

    /** Rows of a cache that it needs. */
    int rows() {
        return prompt.length + most;
    }

    /** Tokens of the prompt that the model has to see: what follows the last one does not matter where nothing is written. */
    int toRead() {
        return most == 0 ? (promptScored ? prompt.length - 1 : 0) : prompt.length;
    }
}
