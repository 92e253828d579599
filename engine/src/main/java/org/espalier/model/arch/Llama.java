package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.Map;
import java.util.Optional;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.ModelConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.arch.LlamaConfig.Biases;

/** LLaMA 1 to 3 and Vicuna, Mistral, and Qwen2, which differ in biases alone. */
@AutoService(Architecture.class)
public final class Llama extends LlamaLike {

    private static final String LLAMA = "llama";
    private static final String MISTRAL = "mistral";
    private static final String QWEN2 = "qwen2";

    private static final Map<String, String> TYPES =
            Map.of(LLAMA, "LlamaForCausalLM", MISTRAL, "MistralForCausalLM", QWEN2, "Qwen2ForCausalLM");

    @Override
    public Map<String, String> modelTypes() {
        return TYPES;
    }

    @Override
    public boolean layersAreBuiltAlone() {
        return true;
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        boolean qwen = json.text("model_type", "").equals(QWEN2);
        boolean attention = json.flag("attention_bias");
        return read(
                json,
                UsualSizes.headDim(json),
                new Biases(qwen || attention, !qwen && attention, json.flag("mlp_bias")));
    }

    /** In Mistral wherever there is a window. */
    @Override
    boolean slides(ConfigReader json) {
        boolean used = super.slides(json);
        return used || json.text("model_type", "").equals(MISTRAL);
    }

    /** In Qwen2 the last layers. */
    @Override
    boolean slides(ConfigReader json, int layer) {
        return !json.text("model_type", "").equals(QWEN2) || layer >= UsualSizes.fullLayers(json);
    }

    /** The configuration of a model of type {@code llama}. */
    public static LlamaConfig config(
            ModelConfig.Sizes sizes, double eps, RotaryConfig rotary, boolean tied, Biases biases) {
        return new LlamaConfig(TYPES.get(LLAMA), LLAMA, sizes, eps, rotary, tied, biases);
    }

    @Override
    public Optional<ModelConfig> untrained(ModelConfig.Sizes sizes) {
        return Optional.of(config(sizes, 1e-5, RotaryConfig.plain(10000), true, Biases.NONE));
    }

    /** The stock class of the type {@code llama} checks it, those of its relatives do not. */
    @Override
    public boolean headsDivideChannels(ModelConfig config) {
        return config.modelType().equals(LLAMA);
    }

    /** The type {@code llama} can say that every projection has a bias, and computes what its relatives do without a window. */
    @Override
    public Optional<ModelConfig> withBranchBiases(ModelConfig model) {
        LlamaConfig whole = (LlamaConfig) model;
        return whole.windowed()
                ? Optional.empty()
                : Optional.of(config(whole.sizes(), whole.eps(), whole.rotary(), whole.tied(), Biases.ALL));
    }

    @Override
    public void addBranchBiases(ObjectNode json, ModelConfig config) {
        json.put("model_type", LLAMA);
        json.putArray("architectures").add(TYPES.get(LLAMA));
        json.put("max_position_embeddings", config.maxPositions());
        json.put("attention_bias", true);
        json.put("mlp_bias", true);
    }
}
