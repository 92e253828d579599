package org.espalier.backend;

import java.util.function.Consumer;

/**
 * An order of work on a device: operations given to one queue happen one after the other, and nothing is known to have
 * happened until {@link #finish()} or a read-back returns. Errors of earlier operations may surface there.
 */
public interface Queue extends AutoCloseable {

    /** Returns when everything given so far has happened. */
    void finish();

    /** As {@link #finish()}, before a long wait for more work: what this queue computes with is for others meanwhile. */
    default void rest() {
        finish();
    }

    /**
     * A step whose work is the same each time: the same operations on the same tensors, with nothing read back or brought
     * from the host between them. What the tensors hold may change, and so may the rows that attention looks at. A device
     * may call {@code step} a few times only, and repeat by itself what it was given then.
     *
     * @param step gives its operations to this queue alone, attending to the sequences that it is told
     */
    default Repeat repeatable(Consumer<Sequences> step) {
        return step::accept;
    }

    @Override
    void close();
}
