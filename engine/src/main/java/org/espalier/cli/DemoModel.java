package org.espalier.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.format.Output;

/** The small language model that comes with the program: trained by {@code engine pretrain --portable} on generated stories. */
final class DemoModel {

    private static final List<String> FILES = List.of("config.json", "generation_config.json", "model.safetensors",
            "tokenizer.json", "tokenizer_config.json");

    private DemoModel() {
    }

    /** Writes the model as a checkpoint folder. */
    static void write(Path folder, boolean force) {
        Output.writeFolder(folder, force, aside -> {
            for (String name : FILES) {
                copy(name, aside.resolve(name));
            }
        });
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
