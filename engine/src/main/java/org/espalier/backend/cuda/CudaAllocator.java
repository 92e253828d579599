package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.espalier.error.OutOfMemory;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.cuda.CudaLibrary;

/**
 * Allocates device memory and knows what is not given back. Memory comes from the driver's pool in the order of one
 * stream and stays in the pool when it is freed, so neither waits for the device. The pool's memory goes back to the
 * system when the backend is closed, or when an allocation would fail otherwise.
 */
final class CudaAllocator implements AutoCloseable {

    private static final long KEEP_EVERYTHING = -1L;
    private static final int LARGEST_NAMED = 3;

    private final CudaContext context;
    private final CudaQueue order;
    private final MemorySegment pool;
    private final Set<CudaBuffer> live = ConcurrentHashMap.newKeySet();
    /** Who can give something back when there is too little. */
    private final List<BooleanSupplier> givers = new CopyOnWriteArrayList<>();

    private long used;
    private long peak;

    private CudaAllocator(CudaContext context, CudaQueue order, MemorySegment pool) {
        this.context = context;
        this.order = order;
        this.pool = pool;
    }

    static CudaAllocator open(CudaContext context) {
        CudaQueue order = CudaQueue.open(context);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pool = arena.allocate(ValueLayout.ADDRESS);
            CudaStatus.check(
                    CudaLibrary.cuDeviceGetDefaultMemPool(pool, context.device().number()),
                    "cuDeviceGetDefaultMemPool");
            MemorySegment handle = pool.get(ValueLayout.ADDRESS, 0);
            MemorySegment threshold = arena.allocateFrom(ValueLayout.JAVA_LONG, KEEP_EVERYTHING);
            CudaStatus.check(
                    CudaLibrary.cuMemPoolSetAttribute(
                            handle, CudaLibrary.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD(), threshold),
                    "cuMemPoolSetAttribute");
            return new CudaAllocator(context, order, handle);
        } catch (RuntimeException e) {
            order.close();
            throw e;
        }
    }

    /**
     * Memory for the backend's caller.
     *
     * @throws OutOfMemory that says what is in use and what would help, if there is no such memory
     */
    CudaBuffer allocate(long bytes, String purpose) {
        return allocate(order, bytes, purpose, true);
    }

    /**
     * Memory for one operation on one queue, which closes it when everything is queued: taken and given back in the order
     * of that queue's work.
     */
    CudaBuffer scratch(CudaQueue queue, long bytes, String purpose) {
        return allocate(queue, bytes, purpose, false);
    }

    /** Memory that the backend needs itself and gives back when it is closed; as {@link #allocate} but no leak. */
    CudaBuffer allocateOwn(long bytes, String purpose) {
        return allocate(order, bytes, purpose, false);
    }

    private CudaBuffer allocate(CudaQueue home, long bytes, String purpose, boolean ofCaller) {
        if (bytes < 0) {
            throw new IllegalArgumentException("negative size " + bytes + " for " + purpose);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
            int status = ask(home, address, bytes);
            boolean more = true;
            while (status == CudaLibrary.CUDA_ERROR_OUT_OF_MEMORY() && more) {
                // What is freed may still be waited for, and what is cached may be in pieces.
                context.finishAll("allocating", bytes, "bytes for", purpose);
                CudaLibrary.cuMemPoolTrimTo(pool, 0);
                status = ask(home, address, bytes);
                more = status == CudaLibrary.CUDA_ERROR_OUT_OF_MEMORY()
                        && givers.stream().anyMatch(BooleanSupplier::getAsBoolean);
            }
            if (status == CudaLibrary.CUDA_ERROR_OUT_OF_MEMORY()) {
                throw outOfMemory(bytes, purpose);
            }
            context.check(status, "allocating", bytes, "bytes for", purpose, "on the device");
            CudaBuffer buffer =
                    new CudaBuffer(this::free, address.get(ValueLayout.JAVA_LONG, 0), bytes, purpose, ofCaller, home);
            count(bytes);
            live.add(buffer);
            return buffer;
        }
    }

    /** As the backend's. */
    Runnable askWhenFull(BooleanSupplier giver) {
        givers.add(giver);
        return () -> givers.remove(giver);
    }

    private static int ask(CudaQueue home, MemorySegment address, long bytes) {
        // The driver refuses an empty allocation.
        return CudaLibrary.cuMemAllocAsync(address, Math.max(1, bytes), home.enter());
    }

    private synchronized void count(long change) {
        used += change;
        peak = Math.max(peak, used);
    }

    private void free(CudaBuffer buffer, long address, CudaQueue home) {
        live.remove(buffer);
        count(-buffer.bytes());
        context.checkGivenBack(
                CudaLibrary.cuMemFreeAsync(address, home.enter()),
                "cuMemFreeAsync",
                buffer.bytes(),
                "bytes for",
                buffer.purpose());
    }

    private OutOfMemory outOfMemory(long bytes, String purpose) {
        Map<String, List<CudaBuffer>> purposes = live.stream().collect(Collectors.groupingBy(CudaBuffer::purpose));
        String largest = purposes.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, List<CudaBuffer>> e) -> -bytes(e.getValue()))
                        .thenComparing(Map.Entry::getKey))
                .limit(LARGEST_NAMED)
                .map(e -> inUse(e.getKey(), e.getValue()))
                .collect(Collectors.joining(", "));
        return new OutOfMemory(
                "the GPU has no %s left for %s".formatted(mebibytes(bytes), purpose),
                "%s in use by %d buffer%s%s; %s of %s are free"
                        .formatted(
                                mebibytes(used()),
                                live.size(),
                                live.size() == 1 ? "" : "s",
                                largest.isEmpty() ? "" : ", the largest " + largest,
                                wholeMebibytes(free()),
                                mebibytes(context.device().memory())),
                "use a shorter --seq-len or prompt, a smaller --micro-batch-size or model, close other programs on the GPU, "
                        + "or use --device cpu");
    }

    private static long bytes(List<CudaBuffer> buffers) {
        return buffers.stream().mapToLong(CudaBuffer::bytes).sum();
    }

    private static String inUse(String purpose, List<CudaBuffer> buffers) {
        return mebibytes(bytes(buffers)) + " for " + (buffers.size() == 1 ? "" : buffers.size() + " times ") + purpose;
    }

    /** Bytes of the device that can be had, once everything queued has happened and what is cached is given back. */
    long room() {
        context.finishAll("looking for free memory");
        context.check(CudaLibrary.cuMemPoolTrimTo(pool, 0), "cuMemPoolTrimTo");
        return free();
    }

    /** Bytes of the device that nobody uses. */
    long free() {
        context.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment free = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment total = arena.allocate(ValueLayout.JAVA_LONG);
            context.check(CudaLibrary.cuMemGetInfo_v2(free, total), "cuMemGetInfo");
            return free.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Rounded up, for what is needed and used. */
    private static String mebibytes(long bytes) {
        return wholeMebibytes(bytes < 1 << 20 ? bytes : Math.ceilDiv(bytes, 1L << 20) << 20);
    }

    /** Rounded down, for what there is. */
    private static String wholeMebibytes(long bytes) {
        return bytes < 1 << 20 ? bytes + " bytes" : "%,d MiB".formatted(bytes >> 20);
    }

    /** Bytes that are allocated and not freed. */
    synchronized long used() {
        return used;
    }

    /** The most bytes that were ever allocated at once. */
    synchronized long peak() {
        return peak;
    }

    /** What the backend's caller allocated and did not free, one line each. */
    List<String> outstanding() {
        return live.stream()
                .filter(CudaBuffer::ofCaller)
                .map(b -> b.bytes() + " bytes for " + b.purpose())
                .sorted()
                .toList();
    }

    /** Gives the pool's free memory back to the system. */
    @Override
    public void close() {
        order.close();
        context.enter();
        context.checkGivenBack(CudaLibrary.cuMemPoolTrimTo(pool, 0), "cuMemPoolTrimTo");
    }
}
