package org.espalier.backend.cpu;

import java.lang.foreign.MemorySegment;
import org.espalier.ffi.NativeMemory;

/** Working memory of each worker, grown when an operation needs more than any before it, and kept. */
final class Scratch implements AutoCloseable {

    /** Step of growth, so that slowly growing sequences do not allocate every time. */
    private static final long STEP = 1 << 20;

    private final NativeMemory[] memory;

    Scratch(int workers) {
        memory = new NativeMemory[workers];
    }

    /** Makes sure that every worker has {@code bytes}; what was there is lost. Only between runs. */
    void require(long bytes) {
        if (memory[0] != null && memory[0].bytes() >= bytes) {
            return;
        }
        close();
        long size = Math.multiplyExact(Math.ceilDiv(bytes, STEP), STEP);
        for (int i = 0; i < memory.length; i++) {
            memory[i] = NativeMemory.allocate(size, "working memory of a cpu worker");
        }
    }

    /** The memory of {@code worker}: at least what was required. */
    MemorySegment of(int worker) {
        return memory[worker].segment();
    }

    @Override
    public void close() {
        for (int i = 0; i < memory.length; i++) {
            if (memory[i] != null) {
                memory[i].close();
                memory[i] = null;
            }
        }
    }
}
