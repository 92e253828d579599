package org.espalier.job;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.file.Sha256;
import org.espalier.format.PeftAdapter;
import org.espalier.model.ModelCheckpoint;
import org.espalier.text.TokenizerFiles;

/**
 * Where a model lies, in a form that travels between processes.
 *
 * @param model   a checkpoint folder or a GGUF file
 * @param adapter folder of a LoRA adapter, or null
 */
public record ModelPlace(String model, String adapter) implements Serializable {

    /** Hash of all that a result may depend on: weights, the configuration, files of the tokenizer, and the adapter. */
    public String sha256() {
        try (ModelCheckpoint checkpoint = ModelCheckpoint.open(Path.of(model))) {
            return Sha256.ofTexts(List.of(
                    checkpoint.sha256(),
                    checkpoint.config().toString(),
                    Sha256.ofFiles(TokenizerFiles.in(Path.of(model))),
                    adapter == null ? "" : PeftAdapter.sha256(Path.of(adapter))));
        }
    }

    /** The place of a model that this process knows; others find it under its full path. */
    public static ModelPlace of(Path model, Optional<Path> adapter) {
        return new ModelPlace(
                model.toAbsolutePath().toString(),
                adapter.map(folder -> folder.toAbsolutePath().toString()).orElse(null));
    }
}
