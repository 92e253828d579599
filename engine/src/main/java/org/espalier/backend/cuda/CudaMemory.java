package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.cuda.CudaLibrary;

/** Allocates device memory and knows what is not given back. */
final class CudaMemory {

    private final CudaContext context;
    private final Set<CudaBuffer> live = ConcurrentHashMap.newKeySet();

    CudaMemory(CudaContext context) {
        this.context = context;
    }

    CudaBuffer allocate(long bytes, String purpose) {
        if (bytes < 0) {
            throw new IllegalArgumentException("negative size " + bytes + " for " + purpose);
        }
        context.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
            // The driver refuses an empty allocation.
            CudaStatus.check(CudaLibrary.cuMemAlloc_v2(address, Math.max(1, bytes)), "allocating", bytes, "bytes for",
                    purpose, "on the device");
            CudaBuffer buffer = new CudaBuffer(this, address.get(ValueLayout.JAVA_LONG, 0), bytes, purpose);
            live.add(buffer);
            return buffer;
        }
    }

    /** Called by the buffer, once. */
    void free(CudaBuffer buffer, long address) {
        context.enter();
        live.remove(buffer);
        context.checkGivenBack(CudaLibrary.cuMemFree_v2(address), "cuMemFree", buffer.bytes(), "bytes for",
                buffer.purpose());
    }

    /** What is allocated and not freed, one line each. */
    List<String> outstanding() {
        return live.stream().map(b -> b.bytes() + " bytes for " + b.purpose()).sorted().toList();
    }
}
