package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.locks.ReentrantLock;
import org.espalier.ffi.CublasStatus;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.cublas.CublasLibrary;
import org.espalier.ffi.cuda.CudaLibrary;

/**
 * A device's primary context, retained until it is closed. The driver keeps a current context per thread, so every use
 * begins with {@link #enter()}. A kernel that faults leaves the context unusable: the fault is reported once, and
 * giving things back afterwards is silent.
 */
final class CudaContext implements AutoCloseable {

    private final CudaDevice device;
    private final MemorySegment handle;
    private final int multiprocessors;
    /** Held while a stream is captured, and by whoever waits for all streams, which the driver refuses meanwhile. */
    private final ReentrantLock allStreams = new ReentrantLock();

    private volatile boolean broken;
    private boolean closed;

    private CudaContext(CudaDevice device, MemorySegment handle) {
        this.device = device;
        this.handle = handle;
        this.multiprocessors = device.multiprocessors();
    }

    /**
     * @param ordinal which device, counted from 0
     * @throws org.espalier.error.Failure if there is no driver or no such device, or it cannot run what this build has
     */
    static CudaContext open(int ordinal) {
        CudaDevice device = CudaDevice.of(ordinal);
        device.require();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment context = arena.allocate(ValueLayout.ADDRESS);
            CudaStatus.check(
                    CudaLibrary.cuDevicePrimaryCtxRetain(context, device.number()),
                    "cuDevicePrimaryCtxRetain",
                    ordinal);
            return new CudaContext(device, context.get(ValueLayout.ADDRESS, 0));
        }
    }

    /** How many multiprocessors the device has. */
    int multiprocessors() {
        return multiprocessors;
    }

    /** Makes this the calling thread's context. */
    void enter() {
        if (closed) {
            throw new IllegalStateException("a CUDA backend was used after it was closed");
        }
        CudaStatus.check(CudaLibrary.cuCtxSetCurrent(handle), "cuCtxSetCurrent");
    }

    /** As {@link CudaStatus#check}, for calls that may report the fault of earlier work. */
    void check(int status, String operation, Object... shapes) {
        if (status != CudaLibrary.CUDA_SUCCESS()) {
            broken |= CudaStatus.endsContext(status);
            CudaStatus.check(status, operation, shapes);
        }
    }

    /** As {@link #check}, for giving something back: silent once a fault was reported, which ends everything anyway. */
    void checkGivenBack(int status, String operation, Object... shapes) {
        if (!broken) {
            check(status, operation, shapes);
        }
    }

    /** Waits for everything, before it is given back. */
    void settle() {
        checkGivenBack(synchronizeAll(), "finishing what is left");
    }

    /** Waits for the work of all streams, once no other thread captures; named in a failure. */
    void finishAll(String operation, Object... shapes) {
        check(synchronizeAll(), operation, shapes);
    }

    private int synchronizeAll() {
        enter();
        allStreams.lock();
        try {
            return CudaLibrary.cuCtxSynchronize();
        } finally {
            allStreams.unlock();
        }
    }

    /** Keeps other threads from waiting for all streams until {@link #endOfCapture}. */
    void beginningOfCapture() {
        allStreams.lock();
    }

    /** See {@link #beginningOfCapture}. */
    void endOfCapture() {
        allStreams.unlock();
    }

    /** As {@link #check}, for a status of cuBLAS. */
    void checkProduct(int status, String operation, Object... shapes) {
        if (status != CublasLibrary.CUBLAS_STATUS_SUCCESS()) {
            broken |= status == CublasLibrary.CUBLAS_STATUS_EXECUTION_FAILED();
            CublasStatus.check(status, operation, shapes);
        }
    }

    /** Whether a fault was reported after which nothing works any more. */
    boolean broken() {
        return broken;
    }

    /** The device that it is of. */
    CudaDevice device() {
        return device;
    }

    /** Gives the context back; the driver frees whatever was left in it. A second call does nothing. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            checkGivenBack(
                    CudaLibrary.cuDevicePrimaryCtxRelease_v2(device.number()),
                    "cuDevicePrimaryCtxRelease",
                    device.number());
        }
    }
}
