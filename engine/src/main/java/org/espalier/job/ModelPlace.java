package org.espalier.job;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a model lies, in a form that travels between processes.
 *
 * @param model   a checkpoint folder or a GGUF file
 * @param adapter folder of a LoRA adapter, or null
 */
public record ModelPlace(String model, String adapter) implements Serializable {

    /** The place of a model that this process knows; others find it under its full path. */
    public static ModelPlace of(Path model, Optional<Path> adapter) {
        return new ModelPlace(
                model.toAbsolutePath().toString(),
                adapter.map(folder -> folder.toAbsolutePath().toString()).orElse(null));
    }
}
