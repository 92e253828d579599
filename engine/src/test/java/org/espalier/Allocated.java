package org.espalier;

import java.lang.management.ManagementFactory;

/** Work that is counted in bytes allocated, which no machine's speed changes. */
public final class Allocated {

    private Allocated() {}

    /** Bytes that this thread allocates for some work, which is done once before, so that no class is loaded by it. */
    public static long by(Runnable work) {
        work.run();
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        work.run();
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
