package org.espalier.ffi;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Advice to the system about the pages of mapped files. A system that does not take it runs slower or keeps more resident,
 * no more than that, so that a refusal is no failure.
 */
public final class MappedPages {

    private static final int WILL_NEED = 3;
    private static final int DO_NOT_NEED = 4;
    private static final MethodHandle MADVISE = Libc.function(
            "madvise",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    private static final long PAGE = pageSize();

    private MappedPages() {}

    /** Has the bytes read from the disk while other work goes on. */
    public static void ask(MemorySegment mapped) {
        long start = mapped.address() / PAGE * PAGE;
        advise(start, mapped.address() + mapped.byteSize() - start, WILL_NEED);
    }

    /**
     * Lets go of the whole pages in {@code mapped}, which must be of a file and unchanged: they are read again when they are
     * touched. Pages of memory that was allocated would be lost.
     */
    public static void release(MemorySegment mapped) {
        long start = Math.ceilDiv(mapped.address(), PAGE) * PAGE;
        advise(start, (mapped.address() + mapped.byteSize()) / PAGE * PAGE - start, DO_NOT_NEED);
    }

    private static void advise(long address, long bytes, int advice) {
        if (bytes <= 0) {
            return;
        }
        try {
            int ignored = (int) MADVISE.invokeExact(MemorySegment.ofAddress(address), bytes, advice);
        } catch (Throwable e) {
            throw new IllegalStateException("madvise could not be called", e);
        }
    }

    private static long pageSize() {
        try {
            return (int) Libc.function("getpagesize", FunctionDescriptor.of(ValueLayout.JAVA_INT))
                    .invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException("getpagesize could not be called", e);
        }
    }
}
