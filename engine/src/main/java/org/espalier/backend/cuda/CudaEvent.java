package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.ffi.CudaEventTime;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.cuda.CudaLibrary;

/** A point in a queue's work that the host or another queue can wait for. */
final class CudaEvent implements AutoCloseable {

    private final CudaContext context;
    private final MemorySegment handle;

    private CudaEvent(CudaContext context, MemorySegment handle) {
        this.context = context;
        this.handle = handle;
    }

    static CudaEvent create(CudaContext context) {
        return create(context, CudaLibrary.CU_EVENT_DISABLE_TIMING());
    }

    /** An event that notes when it happened. */
    static CudaEvent timed(CudaContext context) {
        return create(context, CudaLibrary.CU_EVENT_DEFAULT());
    }

    private static CudaEvent create(CudaContext context, int flags) {
        context.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = arena.allocate(ValueLayout.ADDRESS);
            CudaStatus.check(CudaLibrary.cuEventCreate(event, flags), "cuEventCreate");
            return new CudaEvent(context, event.get(ValueLayout.ADDRESS, 0));
        }
    }

    /** Moves the point to the end of what a queue's stream was given so far. */
    void record(MemorySegment stream) {
        context.check(CudaLibrary.cuEventRecord(handle, stream), "cuEventRecord");
    }

    /** Makes a stream's later work wait for the point; nothing if it was never recorded. */
    void makeWait(MemorySegment stream) {
        context.check(CudaLibrary.cuStreamWaitEvent(stream, handle, 0), "cuStreamWaitEvent");
    }

    /** Makes the calling thread wait; returns at once if the point was never recorded. */
    void await() {
        context.enter();
        context.check(CudaLibrary.cuEventSynchronize(handle), "cuEventSynchronize");
    }

    /** Seconds that have passed since another event that notes when it happened; both have. */
    double secondsSince(CudaEvent earlier) {
        return CudaEventTime.seconds(earlier.handle, handle);
    }

    /** As {@link #await()}, before something is given back: silent once a fault was reported. */
    void settle() {
        context.enter();
        context.checkGivenBack(CudaLibrary.cuEventSynchronize(handle), "cuEventSynchronize");
    }

    @Override
    public void close() {
        context.enter();
        context.checkGivenBack(CudaLibrary.cuEventDestroy_v2(handle), "cuEventDestroy");
    }
}
