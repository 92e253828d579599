package org.espalier.job;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.espalier.tune.StoryGrammar;

/** The small language model that comes with the library: trained by {@code engine pretrain --portable} on generated stories. */
public final class DemoModel {

    private static final List<String> FILES = List.of(
            "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");

    private DemoModel() {}

    /** Writes the model as a new checkpoint folder, and returns that. */
    public static Path writeTo(Path folder) throws IOException {
        Files.createDirectory(folder);
        for (String name : FILES) {
            copy(name, folder.resolve(name));
        }
        return folder;
    }

    /** Stories such as the model was trained on, for trying things: equal seeds give equal ones, others give others. */
    public static List<String> stories(long seed, int count) {
        StoryGrammar grammar = new StoryGrammar();
        return LongStream.range(0, count).mapToObj(i -> grammar.story(seed, i)).toList();
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
