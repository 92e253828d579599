package org.espalier.tape.op;

import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.tape.Value;

/**
 * Which rows experts have: one for each token that is given to one, k of each token. Row {@code t · k + j} by token is that
 * of token {@code t} and the expert that it is given to with factor {@code j}.
 *
 * @param factors {@code [tokens, k]}: what the output of an expert is multiplied by
 * @param sorted  {@code [tokens · k]}: the numbers by token of all rows, those of the first expert first, each expert's ascending
 * @param places  {@code [tokens · k]}: where each row by token is among those sorted
 * @param starts  {@code [experts + 1]}: where the rows of each expert begin among those sorted, and the end
 */
public record Routing(Value factors, Value sorted, Value places, Value starts) {

    /** Rows of all experts together. */
    public long rows() {
        return sorted.shape().dim(0);
    }

    /** How many experts there are. */
    public long experts() {
        return starts.shape().dim(0) - 1;
    }

    /** Experts of one token. */
    public long perToken() {
        return factors.shape().dim(1);
    }

    /** All four. */
    List<Value> values() {
        return List.of(factors, sorted, places, starts);
    }

    Routing with(UnaryOperator<Value> replacement) {
        return new Routing(
                replacement.apply(factors),
                replacement.apply(sorted),
                replacement.apply(places),
                replacement.apply(starts));
    }
}
