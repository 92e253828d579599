package org.espalier.spark;

import java.io.Serializable;
import java.util.function.Supplier;
import org.espalier.error.Failure;

/**
 * What comes of a piece: a result or a failure. A failure would be the same wherever the piece is tried again, so it travels as
 * a value, and Spark does not try.
 *
 * @param result  null where there is a failure
 * @param problem null where there is a result
 * @param place   of the failure
 * @param advice  what to do about it
 */
record Outcome<R>(R result, String problem, String place, String advice) implements Serializable {

    /** What comes of doing something. */
    static <R> Outcome<R> of(Supplier<R> something) {
        try {
            return new Outcome<>(something.get(), null, null, null);
        } catch (Failure failure) {
            return new Outcome<>(null, failure.problem(), failure.place(), failure.advice());
        }
    }

    /**
     * The result.
     *
     * @throws Failure if there is none
     */
    R orThrow() {
        if (problem != null) {
            throw new Failure(problem, place, advice);
        }
        return result;
    }

    boolean failed() {
        return problem != null;
    }

    /** The same failure, of something else. */
    <S> Outcome<S> failure() {
        return new Outcome<>(null, problem, place, advice);
    }
}
