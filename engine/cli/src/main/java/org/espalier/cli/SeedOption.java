package org.espalier.cli;

import org.espalier.job.Settings;
import picocli.CommandLine.Option;

/** The seed of everything random in a command. */
@Section(Topic.GENERAL)
final class SeedOption {

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "Equal seeds give equal results (default: ${DEFAULT-VALUE}).")
    private long seed = Settings.SEED;

    long value() {
        return seed;
    }
}
