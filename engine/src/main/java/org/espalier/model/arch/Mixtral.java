package org.espalier.model.arch;

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

/** Mixtral: Mistral with experts in the place of every MLP. */
@AutoService(Architecture.class)
public final class Mixtral extends LlamaLike {

    static final ExpertNames NAMES = new ExpertNames("block_sparse_moe", "w1", "w3", "w2", ExpertDecoder.TOGETHER);
    static final MlpKeys KEYS = new MlpKeys("intermediate_size", "num_local_experts");
    static final String PER_TOKEN = "num_experts_per_tok";

    @Override
    public Map<String, String> modelTypes() {
        return Map.of("mixtral", "MixtralForCausalLM");
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        Mixture mixture = new Mixture(json.size(PER_TOKEN, 2), true);
        LlamaConfig config = read(json, UsualSizes.headDim(json), Biases.NONE).with(mixture);
        Experts.require(json, config);
        return config;
    }

    @Override
    List<LayerConfig> layers(ConfigReader json) {
        Mlp mlp = new Mlp(json.size(KEYS.neurons()), json.size(KEYS.experts(), 8), KEYS);
        return UsualSizes.layers(json, layer -> mlp);
    }

    /** Wherever there is a window. */
    @Override
    boolean slides(ConfigReader json) {
        super.slides(json);
        return true;
    }

    @Override
    public ObjectNode write(ModelConfig config) {
        return super.write(config)
                .put(PER_TOKEN, ((LlamaConfig) config).mixture().perToken());
    }

    @Override
    void writeSizes(ObjectNode json, LlamaConfig config) {
        UsualSizes.write(json, config, layer -> KEYS);
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new ExpertDecoder((LlamaConfig) config, pass, NAMES);
    }

    @Override
    public Optional<ExpertNames> experts() {
        return Optional.of(NAMES);
    }

    @Override
    public List<String> adapterTargets() {
        return List.of("q_proj", "k_proj", "v_proj", "o_proj", NAMES.gate(), NAMES.up(), NAMES.down());
    }
}
