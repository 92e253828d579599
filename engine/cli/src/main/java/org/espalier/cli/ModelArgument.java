package org.espalier.cli;

import java.nio.file.Path;
import picocli.CommandLine.Parameters;

/** The model that a command works on. */
final class ModelArgument {

    @Parameters(paramLabel = "MODEL", description = "Checkpoint folder (safetensors with config.json) or .gguf file.")
    private Path path;

    Path path() {
        return path;
    }
}
