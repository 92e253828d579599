package org.espalier.backend.cuda;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.espalier.ffi.cuda.CudaLibrary;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.Tensor;

/** Memory of the device. Closing waits for the queues that were given work on it. */
final class CudaBuffer implements Buffer {

    private final CudaMemory memory;
    private final long address;
    private final long bytes;
    private final String purpose;
    private final Set<CudaQueue> users = ConcurrentHashMap.newKeySet();
    private boolean closed;

    CudaBuffer(CudaMemory memory, long address, long bytes, String purpose) {
        this.memory = memory;
        this.address = address;
        this.bytes = bytes;
        this.purpose = purpose;
    }

    /**
     * The device's address of a tensor's first byte, for work on that queue.
     *
     * @throws IllegalArgumentException if the tensor lies elsewhere
     */
    static long address(Tensor tensor, CudaQueue queue) {
        if (!(tensor.buffer() instanceof CudaBuffer buffer)) {
            throw new IllegalArgumentException(tensor.type() + " " + tensor.shape()
                    + " is not in memory of a CUDA device");
        }
        if (buffer.closed) {
            throw new IllegalStateException("used after it was freed: " + buffer.purpose);
        }
        buffer.users.add(queue);
        return buffer.address + tensor.offset();
    }

    @Override
    public long bytes() {
        return bytes;
    }

    String purpose() {
        return purpose;
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        users.forEach(CudaQueue::settle);
        memory.free(this, address);
    }
}
