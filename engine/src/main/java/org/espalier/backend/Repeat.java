package org.espalier.backend;

import java.util.Optional;

/** A step that is given to a queue again and again; from {@link Queue#repeatable}. Closed before its queue. */
@FunctionalInterface
public interface Repeat extends AutoCloseable {

    /** Gives the queue the step's work, over rows that divide into {@code sequences}. */
    void run(Sequences sequences);

    /** Why a device that could repeat the step as one piece of work was not able to, if it is so. */
    default Optional<String> refusal() {
        return Optional.empty();
    }

    @Override
    default void close() {}
}
