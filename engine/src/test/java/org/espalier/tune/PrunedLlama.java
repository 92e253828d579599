package org.espalier.tune;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.espalier.Golden;
import org.espalier.format.ModelContent;
import org.espalier.format.PeftAdapter;
import org.espalier.format.PeftConfig;
import org.espalier.format.SafetensorsFile;
import org.espalier.format.SafetensorsFolder;
import org.espalier.format.StoredTensor;
import org.espalier.format.TensorEntry;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;

/** The pruned model of the recorded LoRA run, whose layers differ in width, and its adapters as files. */
public final class PrunedLlama {

    public static final PeftConfig PEFT = new PeftConfig(8, 16, false, 0, new Llama().adapterTargets(), "pruned");

    private PrunedLlama() {}

    public static ModelConfig config(Map<String, StoredTensor> tensors) {
        List<LayerConfig> layers = new ArrayList<>();
        for (int layer = 0; layer < 4; layer++) {
            int heads = tensors.get("model.layers." + layer + ".self_attn.q_proj.weight")
                            .shape()
                            .extent(0)
                    / 8;
            int neurons = tensors.get("model.layers." + layer + ".mlp.up_proj.weight")
                    .shape()
                    .extent(0);
            layers.add(new LayerConfig(heads, heads, neurons));
        }
        return Llama.config(
                new ModelConfig.Sizes(256, 64, 8, layers, 256), 1e-6, RotaryConfig.plain(10000), false, Biases.NONE);
    }

    /** Writes the model as a checkpoint folder. */
    public static Path writeModel(Path folder) {
        try (SafetensorsFile base = SafetensorsFile.open(Golden.resource("lora/base.safetensors"))) {
            ModelContent content = ModelContent.of(
                    Architectures.json(config(base.tensors())),
                    base.tensors().values().stream()
                            .map(t -> entry(t.name(), t))
                            .toList());
            new SafetensorsFolder().write(folder, content, false);
            return folder;
        }
    }

    /** Writes the adapters as they were after five steps. */
    public static Path writeAdapter(Path folder, PeftConfig config) throws IOException {
        try (SafetensorsFile golden = SafetensorsFile.open(Golden.resource("lora/adapters.safetensors"))) {
            PeftAdapter.writeInto(
                    folder,
                    config,
                    golden.tensors().values().stream()
                            .filter(t -> t.name().startsWith("final."))
                            .map(t -> entry(t.name().substring("final.".length()), t))
                            .toList());
            return folder;
        }
    }

    public static TensorEntry entry(String name, StoredTensor tensor) {
        return new TensorEntry(name, tensor.type(), tensor.shape(), sink -> sink.write(tensor.bytes()));
    }
}
