package org.espalier.job;

import java.util.concurrent.locks.LockSupport;

/**
 * The most anonymous memory that this process has resident while the watch is open: everything but mapped files. The system
 * keeps no such peak, so that a thread looks every few milliseconds.
 */
final class MemoryWatch implements AutoCloseable {

    private static final long BETWEEN_LOOKS_NANOS = 10_000_000;

    private final Thread thread = new Thread(this::look, "memory-watch");
    private volatile boolean closed;
    private volatile long peak;

    MemoryWatch() {
        thread.setDaemon(true);
        thread.start();
    }

    private void look() {
        while (!closed) {
            peak = Math.max(peak, Machine.anonymousMemory());
            LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
        }
    }

    /** Bytes; 0 where the system does not say. */
    long peak() {
        return Math.max(peak, Machine.anonymousMemory());
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
