package org.espalier;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.List;
import org.espalier.job.DemoModel;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;

/**
 * A random model with the tokenizer of the one that comes with the library, for tests that ask for files and not for sense: a token
 * takes a tenth of the work.
 */
public final class ThinModel {

    private static final int VOCAB = 640;
    private static final int POSITIONS = 512;
    private static final int LAYERS = 5;
    /** Eleven times the 32 neurons that go at once, so that a fifth of the parameters is nearly met. */
    private static final LayerConfig SIZES = new LayerConfig(4, 2, 352);

    private ThinModel() {}

    /** Writes the model as a new checkpoint folder, and returns that. */
    public static Path writeTo(Path folder) throws IOException {
        ModelConfig config = Llama.config(
                new ModelConfig.Sizes(VOCAB, 32, 8, Collections.nCopies(LAYERS, SIZES), POSITIONS),
                1e-5,
                RotaryConfig.plain(10000),
                true,
                Biases.NONE);
        DemoModel.writeTo(folder);
        Path random = folder.resolve("random");
        RandomModel.write(config, 1, random);
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.move(random.resolve(file), folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        Files.delete(random);
        return folder;
    }
}
