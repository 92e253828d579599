package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Consumer;
import org.espalier.backend.Queue;
import org.espalier.backend.Repeat;
import org.espalier.backend.Sequences;
import org.espalier.ffi.CudaDriver;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.cuda.CudaLibrary;

/** A stream. Faults of its work surface in {@link #finish()} or a read-back. */
final class CudaQueue implements Queue {

    private final CudaContext context;
    private final CublasPool products;
    private final MemorySegment stream;
    /** Marks the end of what this queue was given, anew for every queue that waits for it. */
    private final CudaEvent end;

    private final CudaMemory memory;
    private CublasHandle lent;
    private CudaDecoding decoding;
    /** Of the step that runs in order to be repeated, or null. */
    private CudaRecording recording;

    private boolean closed;

    private CudaQueue(
            CudaContext context, CublasPool products, CudaMemory memory, MemorySegment stream, CudaEvent end) {
        this.context = context;
        this.products = products;
        this.memory = memory;
        this.stream = stream;
        this.end = end;
    }

    /** A queue without matrix products and attention. */
    static CudaQueue open(CudaContext context) {
        return open(context, null, null);
    }

    /**
     * @param products what the queue's matrix products borrow
     * @param memory   where its attention has what it needs
     */
    static CudaQueue open(CudaContext context, CublasPool products, CudaMemory memory) {
        CudaEvent end = CudaEvent.create(context);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stream = arena.allocate(ValueLayout.ADDRESS);
            int status = CudaLibrary.cuStreamCreate(stream, CudaLibrary.CU_STREAM_NON_BLOCKING());
            CudaStatus.check(status, "cuStreamCreate");
            return new CudaQueue(context, products, memory, stream.get(ValueLayout.ADDRESS, 0), end);
        } catch (RuntimeException e) {
            end.close();
            throw e;
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

    /**
     * What this queue computes matrix products with, until it is closed.
     *
     * @throws org.espalier.error.Failure if there is no cuBLAS or no memory for its workspace
     */
    synchronized CublasHandle products() {
        enter();
        if (lent == null) {
            lent = products.lend(this);
        }
        return lent;
    }

    @Override
    public synchronized void rest() {
        finish();
        giveBackProducts();
    }

    private void giveBackProducts() {
        if (lent != null) {
            products.takeBack(lent);
            lent = null;
        }
    }

    /** What this queue's attention of few queries has on the device, until it is closed. */
    synchronized CudaDecoding decoding() {
        enter();
        if (decoding == null) {
            decoding = new CudaDecoding(memory, this);
        }
        return decoding;
    }

    @Override
    public Repeat repeatable(Consumer<Sequences> step) {
        return CudaDriver.graphs() ? new CudaRepeat(this, step) : step::accept;
    }

    /** Runs work that will be repeated, and notes what it uses. */
    void record(CudaRecording notes, Runnable work) {
        recording = notes;
        try {
            work.run();
        } finally {
            recording = null;
        }
    }

    /** Of the step that runs now in order to be repeated, or null. */
    CudaRecording recording() {
        return recording;
    }

    /** Whether what this queue is given does not happen now. */
    boolean capturing() {
        return recording != null && recording.captured();
    }

    /** Notes, in a capture, that its work uses the buffer. */
    boolean captures(CudaBuffer buffer) {
        if (capturing()) {
            recording.use(buffer);
            return true;
        }
        return false;
    }

    /** Whatever this queue is given from now on happens after everything that {@code other} was given so far. */
    void after(CudaQueue other) {
        synchronized (other) {
            if (!other.closed) {
                other.end.record(other);
                other.end.makeWait(this);
            }
        }
    }

    @Override
    public void finish() {
        finish("finish");
    }

    /** As {@link #finish()}, for an operation named in the failure. */
    void finish(String operation, Object... shapes) {
        context.check(CudaLibrary.cuStreamSynchronize(enter()), operation, shapes);
    }

    /** Waits for the work that is left; a fault in it is thrown after the stream is given back. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        context.enter();
        try {
            // Once a fault is reported the rest is silent.
            context.checkGivenBack(CudaLibrary.cuStreamSynchronize(stream), "closing a queue");
        } finally {
            closed = true;
            if (decoding != null) {
                decoding.close();
            }
            giveBackProducts();
            end.close();
            context.checkGivenBack(CudaLibrary.cuStreamDestroy_v2(stream), "cuStreamDestroy");
        }
    }
}
