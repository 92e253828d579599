package org.espalier.cli;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** Ends a command whose heap is too small before it spends hours on collecting. */
final class HeapWatch {

    private static final long BETWEEN_LOOKS_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Bytes that are kept for the end of the process, which needs some. */
    private static final int RESERVE = 1 << 20;

    private HeapWatch() {}

    /**
     * Looks once a second, from a thread that keeps no process alive.
     *
     * @param full gets the error, once
     */
    static void start(Consumer<OutOfMemoryError> full) {
        Thread thread = new Thread(() -> look(full), "heap-watch");
        thread.setDaemon(true);
        thread.start();
    }

    /** The management classes load after the first second, when most commands are over. */
    @SuppressWarnings("UnnecessaryAsync") // a plain variable's array would be collected before it is needed
    private static void look(Consumer<OutOfMemoryError> full) {
        HeapPressure pressure = new HeapPressure();
        OutOfMemoryError error = new OutOfMemoryError("Java heap space, nearly all of %d MB stays in use"
                .formatted(Runtime.getRuntime().maxMemory() >> 20));
        AtomicReference<byte[]> reserve = new AtomicReference<>(new byte[RESERVE]);
        do {
            LockSupport.parkNanos(BETWEEN_LOOKS_NANOS);
        } while (!pressure.tooHigh(now()));
        reserve.set(null);
        full.accept(error);
    }

    private static HeapPressure.Look now() {
        return new HeapPressure.Look(
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime()),
                ManagementFactory.getGarbageCollectorMXBeans().stream()
                        .mapToLong(GarbageCollectorMXBean::getCollectionTime)
                        .sum(),
                ManagementFactory.getMemoryPoolMXBeans().stream()
                        .filter(pool -> pool.getType() == MemoryType.HEAP)
                        .map(MemoryPoolMXBean::getCollectionUsage)
                        .filter(Objects::nonNull)
                        .mapToLong(MemoryUsage::getUsed)
                        .sum(),
                Runtime.getRuntime().maxMemory());
    }
}
