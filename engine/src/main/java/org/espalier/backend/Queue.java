package org.espalier.backend;

/**
 * An order of work on a device: operations given to one queue happen one after the other, and nothing is known to have
 * happened until {@link #finish()} or a read-back returns. Errors of earlier operations may surface there.
 */
public interface Queue extends AutoCloseable {

    /** Returns when everything given so far has happened. */
    void finish();

    @Override
    void close();
}
