package org.espalier.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The small language model that comes with the program: trained by {@code engine pretrain --portable} on generated stories. */
final class DemoModel {

    private static final List<String> FILES = List.of(
            "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");

    private DemoModel() {}

    /** Writes the model as a new checkpoint folder. */
    static void writeTo(Path folder) throws IOException {
        Files.createDirectory(folder);
        for (String name : FILES) {
            copy(name, folder.resolve(name));
        }
    }

    private static void copy(String name, Path target) throws IOException {
        try (InputStream in = DemoModel.class.getResourceAsStream("/org/espalier/demo/" + name)) {
            if (in == null) {
                throw new IllegalStateException("the demo model's " + name + " is not packed into the program");
            }
            Files.copy(in, target);
        }
    }
}
