package org.espalier.cli;

import java.nio.file.Path;
import org.espalier.job.MemorySettings;
import picocli.CommandLine.Option;

/** How much memory a command may use, and where it writes what does not fit. */
@Section(Topic.MACHINE)
final class MemoryOptions {

    private MemorySettings settings = MemorySettings.defaults();

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = Converters.Bytes.class,
            description = "Memory to use at most, mapped weights aside, such as 6g or 800m (default: what is free).")
    private void memory(long bytes) {
        settings = settings.bytes(bytes);
    }

    @Option(
            names = "--scratch",
            paramLabel = "DIR",
            description = "Folder for what waits on disk if memory is short (default: the system's temporary folder).")
    private void scratch(Path folder) {
        settings = settings.scratch(folder);
    }

    MemorySettings settings() {
        return settings;
    }
}
