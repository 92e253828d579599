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

    private CublasPool(CudaContext context, CudaMemory memory) {
        this.context = context;
        this.memory = memory;
    }

    /** With a first handle, so that a cuBLAS that is missing or unsuitable shows at once. */
    static CublasPool open(CudaContext context, CudaMemory memory) {
        CublasPool pool = new CublasPool(context, memory);
        pool.free.push(pool.create());
        return pool;
    }

    private CublasHandle create() {
        CublasHandle handle = CublasHandle.create(context, memory);
        all.add(handle);
        return handle;
    }

    /** The version of cuBLAS, for example {@code 13.1.0}. */
    synchronized String version() {
        return all.getFirst().version();
    }

    /** A handle whose products happen on the queue, until it is taken back. */
    synchronized CublasHandle lend(CudaQueue queue) {
        CublasHandle handle = free.poll();
        if (handle == null) {
            handle = create();
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
