package org.espalier.backend.cuda;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * What is noted of a step that will be repeated, while it runs: its launches suit all numbers of keys from then on.
 */
final class CudaRecording {

    private final boolean captured;
    private final Set<CudaBuffer> used = Collections.newSetFromMap(new IdentityHashMap<>());
    private int keys = Integer.MAX_VALUE;

    /** @param captured whether the step's work does not happen now, but whenever what was captured is launched */
    CudaRecording(boolean captured) {
        this.captured = captured;
    }

    boolean captured() {
        return captured;
    }

    void use(CudaBuffer buffer) {
        used.add(buffer);
    }

    /** Notes that attention has so many rows of keys to look at, which it then launches for. */
    int allKeys(int rows) {
        keys = Math.min(keys, rows);
        return rows;
    }

    /** All the buffers that the step uses. */
    Set<CudaBuffer> used() {
        return used;
    }

    /** The end of the rows of keys that every attention of the step has. */
    int keys() {
        return keys;
    }
}
