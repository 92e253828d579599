package org.espalier.cli;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.espalier.error.Failure;
import org.espalier.format.ModelWriter;
import org.espalier.format.ModelWriters;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where a command writes. */
final class OutputOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

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

    /** The format in which a model is written there; wrong usage if there is none for such a name. */
    ModelWriter modelWriter() {
        return ModelWriters.ALL
                .of(path)
                .orElseThrow(() -> new ParameterException(
                        command.commandLine(),
                        "--out must name %s, not %s".formatted(ModelWriters.ALL.description(), path.getFileName())));
    }

    Path path() {
        return path;
    }

    boolean force() {
        return force;
    }
}
