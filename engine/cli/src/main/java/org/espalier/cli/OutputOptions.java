package org.espalier.cli;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.espalier.error.Failure;
import picocli.CommandLine.Option;

/** Where a command writes. */
final class OutputOptions {

    @Option(names = "--out", paramLabel = "PATH", required = true, description = "What to write.")
    private Path path;

    @Option(names = "--force", description = "Replace the output if it exists.")
    private boolean force;

    /**
     * Refuses an output that exists before a command works long to write it.
     *
     * @throws Failure if it exists and may not be replaced
     */
    void requireFree() {
        if (!force && Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new Failure("output exists", path.toString(), "name another place or add --force");
        }
    }

    Path path() {
        return path;
    }

    boolean force() {
        return force;
    }
}
