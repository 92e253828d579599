package org.espalier.backend.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * cuBLAS handles, of which every queue borrows one until it rests: making one takes longer than a small model's forward
 * pass.
 */
final class CublasPool implements AutoCloseable {

    private final CudaContext context;
    private final CudaAllocator memory;
    private final Deque<CublasHandle> free = new ArrayDeque<>();
    private final List<CublasHandle> all = new ArrayList<>();

    private CublasPool(CudaContext context, CudaAllocator memory) {
        this.context = context;
        this.memory = memory;
    }

    /** With a first handle, so that a cuBLAS that is missing or unsuitable shows at once. */
    static CublasPool open(CudaContext context, CudaAllocator memory) {
        CublasPool pool = new CublasPool(context, memory);
        pool.free.push(pool.create());
        return pool;
    }

    /** The version of cuBLAS, for example {@code 13.1.0}. */
    synchronized String version() {
        return all.getFirst().version();
    }

    /**
     * What a queue computes matrix products with, until it rests or is closed.
     *
     * @throws org.espalier.error.Failure if there is no cuBLAS or no memory for its workspace
     */
    CublasHandle on(CudaQueue queue) {
        return queue.attached(Loan.class, () -> new Loan(queue)).handle();
    }

    /** The handle that a queue has borrowed. */
    private final class Loan implements CudaQueue.Attachment {

        private final CudaQueue queue;
        private CublasHandle handle;

        Loan(CudaQueue queue) {
            this.queue = queue;
        }

        synchronized CublasHandle handle() {
            if (handle == null) {
                handle = lend(queue);
            }
            return handle;
        }

        @Override
        public synchronized void rest() {
            if (handle != null) {
                takeBack(handle);
                handle = null;
            }
        }

        @Override
        public void close() {
            rest();
        }
    }

    /** The pool is not locked meanwhile: the queue that used the handle before may be giving one back. */
    private CublasHandle lend(CudaQueue queue) {
        CublasHandle handle = freeOrNew();
        try {
            handle.serve(queue);
        } catch (RuntimeException e) {
            takeBack(handle);
            throw e;
        }
        return handle;
    }

    /** Nor while one is made, which may ask others to give memory back. */
    private CublasHandle freeOrNew() {
        CublasHandle handle = pollFree();
        return handle == null ? create() : handle;
    }

    private synchronized CublasHandle pollFree() {
        return free.poll();
    }

    private CublasHandle create() {
        CublasHandle handle = CublasHandle.create(context, memory);
        synchronized (this) {
            all.add(handle);
        }
        return handle;
    }

    private synchronized void takeBack(CublasHandle handle) {
        free.push(handle);
    }

    @Override
    public synchronized void close() {
        all.forEach(CublasHandle::close);
        all.clear();
        free.clear();
    }
}
