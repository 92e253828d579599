package org.espalier.tape;

import java.util.List;

/** Looks on while an executor walks a tape: for residency of weights, progress, and scores of groups. */
public interface Observer {

    /** Sees nothing. */
    Observer NONE = new Observer() {};

    /** Runs {@code done} after each segment, either way. */
    static Observer afterEach(Runnable done) {
        return new Observer() {
            @Override
            public void after(Segment segment, boolean backward) {
                done.run();
            }
        };
    }

    /** Before the first step of a segment in this direction. */
    default void before(Segment segment, boolean backward) {}

    /** After the last step of a segment in this direction; its parameters' gradients are complete unless tied elsewhere. */
    default void after(Segment segment, boolean backward) {}

    /**
     * After the steps of one batch in a segment in this direction; a walk tells of those batches that have the segment, in
     * their order.
     */
    default void afterBatch(Segment segment, boolean backward, int batch) {}

    /** After one operation's forward step, while its operands are still there; not when it is computed again. */
    default void afterForward(Op op, Step step) {}

    /** After one operation's backward step, while what the two methods below name is still there. */
    default void afterBackward(Op op, Step step) {}

    /** Operands that {@link #afterBackward} reads, beside those that the backward step itself does; must not change. */
    default List<Value> valuesRead(Op op) {
        return List.of();
    }

    /**
     * Operands whose gradients {@link #afterBackward} reads: the walk computes those even where no parameter wants one.
     * Of an input that several operations read, the gradient is not complete yet. Must not change.
     */
    default List<Value> gradientsRead(Op op) {
        return List.of();
    }
}
