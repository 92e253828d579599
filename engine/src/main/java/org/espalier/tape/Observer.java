package org.espalier.tape;

/** Looks on while an executor walks a tape: for residency of weights, progress, and scores of groups. */
public interface Observer {

    /** Sees nothing. */
    Observer NONE = new Observer() {
    };

    /** Before the first step of a segment in this direction. */
    default void before(Segment segment, boolean backward) {
    }

    /** After the last step of a segment in this direction; gradients of its parameters are complete unless tied elsewhere. */
    default void after(Segment segment, boolean backward) {
    }

    /** After one operation's backward step, while its operands and gradients are still there. */
    default void afterBackward(Op op, Step step) {
    }
}
