package org.espalier.backend.cuda;

import org.espalier.tensor.Buffer;
import org.espalier.tensor.Tensor;

/**
 * Memory of the device. It passes from queue to queue: the first use on another queue waits there for all that the queue
 * before it was given, so that work on one buffer happens in the order in which it was asked for, whatever the queues.
 * Closing waits for nothing; the memory is given back where the last queue's work ends.
 */
final class CudaBuffer implements Buffer, CudaQueue.Shared {

    /** Where the memory came from. */
    @FunctionalInterface
    interface Owner {
        /**
         * Takes the memory back, once.
         *
         * @param home the queue that it was allocated on, which waits for the work on it
         */
        void free(CudaBuffer buffer, long address, CudaQueue home);
    }

    private final Owner owner;
    private final long address;
    private final long bytes;
    private final String purpose;
    private final boolean ofCaller;
    private final CudaQueue home;
    /** The queue that used it last; at first the one it was allocated on. */
    private CudaQueue user;
    /** Reached when that queue is done with it, where this was marked; null for the end of all that the queue was given. */
    private CudaEvent done;

    private boolean closed;

    CudaBuffer(Owner owner, long address, long bytes, String purpose, boolean ofCaller, CudaQueue home) {
        this.owner = owner;
        this.address = address;
        this.bytes = bytes;
        this.purpose = purpose;
        this.ofCaller = ofCaller;
        this.home = home;
        this.user = home;
    }

    /**
     * The device's address of a tensor's first byte, for work on that queue.
     *
     * @throws IllegalArgumentException if the tensor lies elsewhere
     */
    static long address(Tensor tensor, CudaQueue queue) {
        return of(tensor).address(queue) + tensor.offset();
    }

    /**
     * The memory that a tensor lies in.
     *
     * @throws IllegalArgumentException if it lies elsewhere
     */
    static CudaBuffer of(Tensor tensor) {
        if (!(tensor.buffer() instanceof CudaBuffer buffer)) {
            throw new IllegalArgumentException(
                    tensor.type() + " " + tensor.shape() + " is not in memory of a CUDA device");
        }
        return buffer;
    }

    /** The device's address of the first byte, for work on that queue. */
    synchronized long address(CudaQueue queue) {
        if (closed) {
            throw new IllegalStateException("used after it was freed: " + purpose);
        }
        // Nothing waits in a capture: the buffer is handed over before each launch.
        if (!queue.captures(this)) {
            handOver(queue);
        }
        return address;
    }

    @Override
    public synchronized boolean handOver(CudaQueue queue) {
        if (!closed) {
            passTo(queue);
        }
        return !closed;
    }

    /**
     * Says that the queue that used it last is done with it here: the next one waits for no more than that, whatever else
     * that queue is given meanwhile.
     */
    synchronized void markDone() {
        if (done == null) {
            done = CudaEvent.create(user.context());
        }
        done.record(user.enter());
    }

    private void passTo(CudaQueue queue) {
        if (user == queue) {
            return;
        }
        if (done == null) {
            queue.after(user);
        } else {
            done.makeWait(queue.enter());
            forgetMark();
        }
        user = queue;
    }

    private void forgetMark() {
        if (done != null) {
            done.close();
            done = null;
        }
    }

    @Override
    public long bytes() {
        return bytes;
    }

    String purpose() {
        return purpose;
    }

    /** Whether the backend's caller is to close it, not the backend. */
    boolean ofCaller() {
        return ofCaller;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (!home.context().broken()) {
                passTo(home);
            }
            forgetMark();
        } finally {
            owner.free(this, address, home);
        }
    }
}
