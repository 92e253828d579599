package org.espalier.fuzz;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.RandomModel;
import org.espalier.SmallModel;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig;

/** A whole model: what its configuration describes is held against its weights. */
final class ModelTarget implements Target {

    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "model.safetensors";

    @Override
    public String name() {
        return "model";
    }

    @Override
    public List<Input> seeds() throws IOException {
        List<Input> seeds = new ArrayList<>();
        for (ModelConfig config : List.of(
                RandomModel.config(4, 2, 1, new ModelConfig.LayerConfig(2, 1, 4), true), SmallModel.config(false))) {
            try (Scratch scratch = new Scratch()) {
                Path folder = scratch.folder().resolve("model");
                RandomModel.write(config, 1, folder);
                seeds.add(Input.read(folder));
            }
        }
        return seeds;
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        return FirstChecks.isJsonObject(input, CONFIG) && FirstChecks.isSafetensors(input, WEIGHTS);
    }

    @Override
    public long mostBytes(Input input) {
        return BYTES_OF_LAYERS;
    }

    @Override
    public void read(Path folder, Input input) {
        ModelCheckpoint.open(folder).close();
    }
}
