package org.espalier.backend.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * cuBLAS handles, of which every queue borrows one for its life: making one takes longer than a small model's forward
 * pass.
 */
final class CublasPool implements AutoCloseable {

    private final CudaContext context;
    private final CudaMemory memory;
    private final Deque<CublasHandle> free = new ArrayDeque<>();
    private final List<CublasHandle> all = new ArrayList<>();

    CublasPool(CudaContext context, CudaMemory memory) {
        this.context = context;
        this.memory = memory;
    }

    /** A handle whose products happen on the queue, until it is taken back. */
    synchronized CublasHandle lend(CudaQueue queue) {
        CublasHandle handle = free.poll();
        if (handle == null) {
            handle = CublasHandle.create(context, memory);
            all.add(handle);
        }
        try {
            handle.serve(queue);
        } catch (RuntimeException e) {
            free.push(handle);
            throw e;
        }
        return handle;
    }

    synchronized void takeBack(CublasHandle handle) {
        free.push(handle);
    }

    @Override
    public synchronized void close() {
        all.forEach(CublasHandle::close);
        all.clear();
        free.clear();
    }
}
