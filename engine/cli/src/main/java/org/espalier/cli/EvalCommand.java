package org.espalier.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code engine eval}: measures of a model's quality, each its own command. */
@Command(
        name = "eval",
        synopsisSubcommandLabel = "MEASURE",
        description = "Measure how good a model is.",
        commandListHeading = "%nMeasures:%n",
        subcommands = {PplCommand.class, ZeroShotCommand.class, DivergenceCommand.class, GenerationCommand.class})
final class EvalCommand {

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this text.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;
}
