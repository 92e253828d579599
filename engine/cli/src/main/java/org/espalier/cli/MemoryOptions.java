package org.espalier.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** How much memory a command may take, and where it writes what does not fit. */
@Section(Topic.MACHINE)
final class MemoryOptions {

    /** Left to everything else on the machine. */
    private static final double SHARE = 0.9;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Converters.Bytes.class,
            description = "Memory to take at most, mapped weights aside, such as 6g or 800m (default: what is free).")
    private Long memory;

    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description = "Folder for what waits on disk if memory is short (default: the system's temporary folder).")
    private Path scratch;

    /** Bytes that may be taken. */
    long bytes() {
        long free = Machine.memoryAvailable();
        return memory != null ? memory : free == 0 ? Long.MAX_VALUE : (long) (free * SHARE);
    }

    Path scratch() {
        return scratch != null ? scratch : Path.of(System.getProperty("java.io.tmpdir"));
    }
}
