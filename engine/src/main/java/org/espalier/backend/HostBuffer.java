package org.espalier.backend;

import java.lang.foreign.MemorySegment;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.Tensor;

/** Memory of the host, as the backends that compute there share it: their own, or a view of bytes someone else owns. */
public final class HostBuffer implements Buffer {

    private final NativeMemory owned;
    private final MemorySegment bytes;
    private volatile boolean closed;

    private HostBuffer(NativeMemory owned, MemorySegment bytes) {
        this.owned = owned;
        this.bytes = bytes;
    }

    /**
     * New memory, not zeroed.
     *
     * @throws org.espalier.error.Failure if the system has no such memory
     */
    public static HostBuffer allocate(long bytes, String purpose) {
        NativeMemory memory = NativeMemory.allocate(bytes, purpose);
        return new HostBuffer(memory, memory.segment());
    }

    /**
     * A view of native memory, for example a mapped file, whose owner must outlive it; closing frees nothing. The bytes
     * are wrapped again in the global scope, so that all of a kernel's segments are of one class.
     *
     * @throws IllegalArgumentException for memory on the Java heap
     */
    public static HostBuffer view(MemorySegment bytes) {
        if (!bytes.isNative()) {
            throw new IllegalArgumentException("not native memory: " + bytes);
        }
        return new HostBuffer(null, NativeMemory.unscoped(bytes));
    }

    /** Whether a tensor's bytes are someone else's, such as a mapped file's, which may be shortened at any time. */
    public static boolean isView(Tensor tensor) {
        return tensor.buffer() instanceof HostBuffer buffer && buffer.owned == null;
    }

    /**
     * The bytes of a tensor that lies in host memory.
     *
     * @throws IllegalArgumentException if it lies elsewhere
     */
    public static MemorySegment segment(Tensor tensor) {
        if (!(tensor.buffer() instanceof HostBuffer buffer)) {
            throw new IllegalArgumentException(tensor.type() + " " + tensor.shape() + " is not in host memory");
        }
        return buffer.segment().asSlice(tensor.offset(), tensor.bytes());
    }

    /** All bytes. */
    public MemorySegment segment() {
        if (closed) {
            throw new IllegalStateException("host memory of " + bytes.byteSize() + " bytes used after it was closed");
        }
        return bytes;
    }

    @Override
    public long bytes() {
        return bytes.byteSize();
    }

    @Override
    public void close() {
        closed = true;
        if (owned != null) {
            owned.close();
        }
    }
}
