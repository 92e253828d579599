package org.espalier.tape;

/** What an executor keeps of a forward pass for the backward pass. */
public enum Retention {
    /** Nothing: there is no backward pass. */
    INFERENCE,
    /** Everything that the backward steps read. */
    KEEP,
    /** What passes between segments; the rest is computed again, segment by segment. */
    RECOMPUTE
}
