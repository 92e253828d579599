package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.backend.Queue;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.cuda.CudaLibrary;

/** A stream. Faults of its work surface in {@link #finish()} or a read-back. */
final class CudaQueue implements Queue {

    private final CudaContext context;
    private final MemorySegment stream;
    private boolean closed;

    private CudaQueue(CudaContext context, MemorySegment stream) {
        this.context = context;
        this.stream = stream;
    }

    static CudaQueue open(CudaContext context) {
        context.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stream = arena.allocate(ValueLayout.ADDRESS);
            int status = CudaLibrary.cuStreamCreate(stream, CudaLibrary.CU_STREAM_NON_BLOCKING());
            CudaStatus.check(status, "cuStreamCreate");
            return new CudaQueue(context, stream.get(ValueLayout.ADDRESS, 0));
        }
    }

    /** The stream, with its context made current. */
    MemorySegment enter() {
        if (closed) {
            throw new IllegalStateException("a CUDA queue was used after it was closed");
        }
        context.enter();
        return stream;
    }

    CudaContext context() {
        return context;
    }

    @Override
    public void finish() {
        finish("finish");
    }

    /** As {@link #finish()}, for an operation named in the failure. */
    void finish(String operation, Object... shapes) {
        context.check(CudaLibrary.cuStreamSynchronize(enter()), operation, shapes);
    }

    /** Waits without reporting, for memory that is about to go: what fails here is reported by finish. */
    synchronized void settle() {
        if (!closed) {
            context.enter();
            CudaLibrary.cuStreamSynchronize(stream);
        }
    }

    /** Waits for the work that is left; a fault in it is thrown after the stream is given back. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        context.enter();
        int left = CudaLibrary.cuStreamSynchronize(stream);
        closed = true;
        int given = CudaLibrary.cuStreamDestroy_v2(stream);
        context.checkGivenBack(left, "closing a queue");
        context.checkGivenBack(given, "cuStreamDestroy");
    }
}
