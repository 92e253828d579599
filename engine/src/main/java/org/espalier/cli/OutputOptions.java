package org.espalier.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where a command writes. */
final class OutputOptions {

    @Option(names = "--out", paramLabel = "PATH", required = true, description = "What to write.")
    private Path path;

    @Option(names = "--force", description = "Replace the output if it exists.")
    private boolean force;

    Path path() {
        return path;
    }

    boolean force() {
        return force;
    }
}
