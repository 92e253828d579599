package org.espalier.tensor;

/**
 * Memory on one device, with one owner who closes it. Opaque: only the backend that made it looks inside, so that an
 * operation can be written once for memory the host cannot reach.
 */
public interface Buffer extends AutoCloseable {

    /** Size in bytes. */
    long bytes();

    /** Gives the memory back; a second call does nothing. */
    @Override
    void close();
}
