package org.espalier.ffi;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.espalier.error.Failure;

/**
 * Off-heap memory with one owner each: every allocation is listed under its purpose until it
 * is freed, so that a test can ask what is left. Memory is 64-byte aligned and <em>not</em> zeroed.
 */
public final class NativeMemory implements AutoCloseable {

    /** Alignment of every allocation in bytes: a cache line, and the widest vector register. */
    public static final long ALIGNMENT = 64;

    /** From here on, what can be had is asked for first; it takes some file reads. */
    private static final long LARGE = 1L << 26;

    private static final Map<Long, NativeMemory> LIVE = new ConcurrentHashMap<>();
    private static final AtomicLong IN_USE = new AtomicLong();
    private static final AtomicLong PEAK = new AtomicLong();
    private static final MethodHandle ALIGNED_ALLOC = Libc.function(
            "aligned_alloc", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE = Libc.function("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    private final String purpose;
    private final long bytes;
    private MemorySegment segment;

    private NativeMemory(String purpose, long bytes, MemorySegment segment) {
        this.purpose = purpose;
        this.bytes = bytes;
        this.segment = segment;
    }

    /**
     * Allocates memory that the caller must close.
     *
     * @param bytes   size, at least 0
     * @param purpose what it is for, named when it leaks or cannot be had
     * @throws Failure if the system has no such memory
     */
    public static NativeMemory allocate(long bytes, String purpose) {
        if (bytes < 0) {
            throw new IllegalArgumentException("negative size " + bytes + " for " + purpose);
        }
        long rounded = Math.max(ALIGNMENT, Math.addExact(bytes, ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        if (rounded >= LARGE) {
            requireThere(rounded, purpose);
        }
        MemorySegment address = alignedAlloc(rounded);
        if (address.address() == 0) {
            throw outOfMemory("allocating " + bytes + " bytes for " + purpose);
        }
        NativeMemory memory = new NativeMemory(purpose, bytes, address.reinterpret(bytes));
        LIVE.put(address.address(), memory);
        PEAK.accumulateAndGet(IN_USE.addAndGet(bytes), Math::max);
        return memory;
    }

    /** The system promises more than it has, and ends the process that uses it. */
    private static void requireThere(long bytes, String purpose) {
        long there = SystemMemory.here().withSwap();
        if (there > 0 && bytes > there) {
            throw outOfMemory("allocating %d bytes for %s, of %d that can be had".formatted(bytes, purpose, there));
        }
    }

    private static Failure outOfMemory(String place) {
        return new Failure(
                "out of memory",
                place,
                "free memory or use a smaller batch, sequence or model; in use here: " + bytesInUse() + " bytes");
    }

    /** The memory, as a segment of the global scope: the same class as a mapped file's, so profiles stay clean. */
    public MemorySegment segment() {
        if (segment == null) {
            throw new IllegalStateException("used after it was freed: " + purpose);
        }
        return segment;
    }

    /** Its size. */
    public long bytes() {
        return bytes;
    }

    /** What it is for, in messages. */
    public String purpose() {
        return purpose;
    }

    @Override
    public synchronized void close() {
        if (segment == null) {
            return;
        }
        LIVE.remove(segment.address());
        IN_USE.addAndGet(-bytes);
        free(segment);
        segment = null;
    }

    /** Bytes now allocated and not freed. */
    public static long bytesInUse() {
        return IN_USE.get();
    }

    /** The most bytes that were allocated at once since {@link #resetPeak}, or since the start. */
    public static long peakBytes() {
        return PEAK.get();
    }

    /** Forgets what was allocated at once before now. */
    public static void resetPeak() {
        PEAK.set(IN_USE.get());
    }

    /** What is allocated and not freed, one line each, empty when nothing is; for tests and leak reports. */
    public static List<String> outstanding() {
        return LIVE.values().stream()
                .map(m -> m.bytes + " bytes for " + m.purpose)
                .sorted()
                .toList();
    }

    /** The same bytes as {@code mapped} in the global scope, whose owner must outlive every use. */
    public static MemorySegment unscoped(MemorySegment mapped) {
        return MemorySegment.ofAddress(mapped.address()).reinterpret(mapped.byteSize());
    }

    private static MemorySegment alignedAlloc(long bytes) {
        try {
            return (MemorySegment) ALIGNED_ALLOC.invokeExact(ALIGNMENT, bytes);
        } catch (Throwable e) {
            throw new IllegalStateException("aligned_alloc could not be called", e);
        }
    }

    private static void free(MemorySegment segment) {
        try {
            FREE.invokeExact(segment);
        } catch (Throwable e) {
            throw new IllegalStateException("free could not be called", e);
        }
    }
}
