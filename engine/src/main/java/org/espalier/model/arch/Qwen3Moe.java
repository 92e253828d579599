package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.format.ExpertNames;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Pass;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.model.arch.LlamaConfig.Mixture;
import org.espalier.model.arch.UsualSizes.Mlp;
import org.espalier.model.arch.UsualSizes.MlpKeys;
import org.espalier.tape.Value;

/** Qwen3 with experts in the place of the MLPs of most layers. */
@AutoService(Architecture.class)
public final class Qwen3Moe extends LlamaLike {

    static final ExpertNames NAMES =
            new ExpertNames("mlp", "gate_proj", "up_proj", "down_proj", ExpertDecoder.TOGETHER);
    private static final String NEURONS = "moe_intermediate_size";
    /** As published files say it. */
    static final MlpKeys KEYS = new MlpKeys(NEURONS, "num_experts");
    /** As transformers 5.17 writes it. */
    private static final MlpKeys LOCAL_KEYS = new MlpKeys(NEURONS, "num_local_experts");

    private static final String PER_TOKEN = "num_experts_per_tok";
    static final String NORMALISED = "norm_topk_prob";
    private static final String DENSE_LAYERS = "mlp_only_layers";
    private static final String STEP = "decoder_sparse_step";

    @Override
    public Map<String, String> modelTypes() {
        return Map.of("qwen3_moe", "Qwen3MoeForCausalLM");
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        Mixture mixture = new Mixture(json.size(PER_TOKEN, 8), json.flag(NORMALISED));
        boolean attention = json.flag("attention_bias");
        LlamaConfig config = read(json, UsualSizes.headDim(json), new Biases(attention, attention, false))
                .with(mixture);
        Experts.require(json, config);
        return config;
    }

    @Override
    List<LayerConfig> layers(ConfigReader json) {
        MlpKeys keys = json.hasInteger(LOCAL_KEYS.experts()) ? LOCAL_KEYS : KEYS;
        Mlp dense = new Mlp(json.size(MlpKeys.DENSE.neurons()), 0, MlpKeys.DENSE);
        Mlp experts = new Mlp(json.size(NEURONS, 768), json.size(keys.experts(), 128), keys);
        List<Integer> denseLayers = json.numbers(DENSE_LAYERS).orElse(List.of());
        int step = json.size(STEP, 1);
        return UsualSizes.layers(
                json, layer -> (layer + 1) % step == 0 && !denseLayers.contains(layer) ? experts : dense);
    }

    @Override
    public ObjectNode write(ModelConfig config) {
        Mixture mixture = ((LlamaConfig) config).mixture();
        return super.write(config).put(PER_TOKEN, mixture.perToken()).put(NORMALISED, mixture.normalised());
    }

    /** Layers that lose their MLPs are without experts from then on. */
    @Override
    void writeSizes(ObjectNode json, LlamaConfig config) {
        json.remove(LOCAL_KEYS.experts()); // which transformers 4.57 does not know; 5.17 knows the other, too
        if (!json.has(MlpKeys.DENSE.neurons())) {
            json.put(MlpKeys.DENSE.neurons(), 1); // which no layer has, and a reader asks for
        }
        UsualSizes.write(json, config, layer -> layer.experts() > 0 ? KEYS : MlpKeys.DENSE);
        json.put(STEP, 1);
        ArrayNode dense = json.putArray(DENSE_LAYERS);
        for (int layer = 0; layer < config.layers().size(); layer++) {
            if (config.layers().get(layer).experts() == 0) {
                dense.add(layer);
            }
        }
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new ExpertDecoder((LlamaConfig) config, pass, NAMES) {
            @Override
            Value normalised(Value heads, String name) {
                return eachNormalised(heads, name);
            }
        };
    }

    @Override
    public Optional<ExpertNames> experts() {
        return Optional.of(NAMES);
    }
}
