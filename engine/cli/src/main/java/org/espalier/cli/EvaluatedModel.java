package org.espalier.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.espalier.job.MemorySettings;
import picocli.CommandLine.Mixin;

/** The model that is measured, an adapter with it, and the memory that this may take. */
final class EvaluatedModel {

    @Mixin
    private ModelArgument model;

    @Mixin
    private AdapterOption adapter;

    @Mixin
    private MemoryOptions memory;

    Path path() {
        return model.path();
    }

    /** The adapter's folder, if one is given. */
    Optional<Path> adapter() {
        return adapter.path();
    }

    MemorySettings memory() {
        return memory.settings();
    }
}
