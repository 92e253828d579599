package org.espalier.cli;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The adapter that a model is used with. */
final class AdapterOption {

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "Use the model with this LoRA adapter (PEFT's folder, as engine tune writes it).")
    private Path path;

    /** The adapter's folder, if one is given. */
    Optional<Path> path() {
        return Optional.ofNullable(path);
    }
}
