package org.espalier.cli;

import picocli.CommandLine.Option;

/** The seed of everything random in a command. */
@Section(Topic.GENERAL)
final class SeedOption {

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "42",
            description = "Equal seeds give equal results (default: ${DEFAULT-VALUE}).")
    private long seed;

    long value() {
        return seed;
    }
}
