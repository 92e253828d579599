package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** How much memory a job may use, and where it writes what does not fit. */
public final class MemorySettings extends Settings<MemorySettings> {

    /** The part of the free memory that is used; the rest is left to everything else on the machine. */
    private static final double SHARE = 0.9;

    private OptionalLong bytes = OptionalLong.empty();
    private Optional<Path> scratch = Optional.empty();

    private MemorySettings() {}

    /** Nine tenths of what is free when a job begins, and the system's temporary folder. */
    public static MemorySettings defaults() {
        return new MemorySettings();
    }

    /** Bytes that may be used at most, mapped weights aside. */
    public MemorySettings bytes(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("memory is " + bytes + " bytes, and must not be negative");
        }
        return with(copy -> copy.bytes = OptionalLong.of(bytes));
    }

    /** Bytes that may be used at most, mapped weights aside. */
    public long bytes() {
        return bytes.orElseGet(() -> {
            long free = Machine.memoryAvailable();
            return free == 0 ? Long.MAX_VALUE : (long) (free * SHARE);
        });
    }

    /** Folder for what waits on disk if memory is short. */
    public MemorySettings scratch(Path folder) {
        return with(copy -> copy.scratch = Optional.of(folder));
    }

    /** Folder for what waits on disk if memory is short. */
    public Path scratch() {
        return scratch.orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir")));
    }
}
