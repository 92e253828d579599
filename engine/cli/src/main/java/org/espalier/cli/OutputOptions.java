package org.espalier.cli;

import java.nio.file.Path;
import org.espalier.job.Destination;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where a command writes. */
final class OutputOptions {

    static final String OUT = "--out";
    static final String FORCE = "--force";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = OUT, paramLabel = "PATH", required = true, description = "What to write.")
    private Path path;

    @Option(names = FORCE, description = "Replace the output if it exists.")
    private boolean force;

    Destination destination() {
        return new Destination(path, force);
    }

    /** As above, for a model; wrong usage if models are not written in a format that is named so. */
    Destination model() {
        destination().modelComplaint().ifPresent(complaint -> {
            throw new ParameterException(command.commandLine(), complaint);
        });
        return destination();
    }

    /** As {@link #model}, for one that is written as a folder alone. */
    Destination modelFolder() {
        model().folderComplaint().ifPresent(complaint -> {
            throw new ParameterException(command.commandLine(), complaint);
        });
        return destination();
    }

    Path path() {
        return path;
    }
}
