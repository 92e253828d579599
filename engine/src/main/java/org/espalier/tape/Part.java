package org.espalier.tape;

import java.util.List;

/**
 * Some operations of a tape by themselves, on a tape of their own.
 *
 * @param tape  the operations
 * @param given input in place of the value that was given, or null if none was
 */
public record Part(Tape tape, Value given, Rewriting rewriting) {

    /**
     * Records operations again.
     *
     * @param ops     in order; what they read must be computed by them, a leaf, or given
     * @param given   a value that is to be an input of the part, or null
     * @param results values that are to be readable after a run
     */
    public static Part of(List<Op> ops, Value given, List<Value> results) {
        Rewriting rewriting = new Rewriting(Rewriting.Shapes.SAME);
        Value input = null;
        if (given != null) {
            input = rewriting
                    .tape()
                    .input(
                            "given " + given.name(),
                            given.element(),
                            given.shape().toArray());
            rewriting.replace(given, input);
        }
        rewriting.tape().segment("a part");
        ops.forEach(rewriting::record);
        results.forEach(result -> rewriting.tape().result(rewriting.value(result)));
        return new Part(rewriting.tape(), input, rewriting);
    }

    /** What a value of the whole tape is on this one. */
    public Value value(Value whole) {
        return rewriting.value(whole);
    }
}
