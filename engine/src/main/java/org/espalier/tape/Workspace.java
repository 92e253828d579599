package org.espalier.tape;

import org.espalier.backend.MemoryOps;
import org.espalier.tensor.Buffer;

/**
 * Memory for activations that stays from one executor to the next, because asking the system for gigabytes costs more than
 * planning anew.
 */
public final class Workspace implements AutoCloseable {

    private final MemoryOps memory;
    private Buffer buffer;

    /** A workspace without memory so far; {@code memory} must stay open until it is closed. */
    public Workspace(MemoryOps memory) {
        this.memory = memory;
    }

    /** At least {@code bytes}; what was there before is lost. The purpose is that of memory which is not there yet. */
    Buffer require(long bytes, String purpose) {
        if (buffer == null || buffer.bytes() < bytes) {
            close();
            buffer = memory.allocate(bytes, purpose);
        }
        return buffer;
    }

    @Override
    public void close() {
        if (buffer != null) {
            buffer.close();
            buffer = null;
        }
    }
}
