package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.ModelConfig;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.model.arch.LlamaConfig.Reach;

/** SmolLM3: LLaMA of which some layers do not rotate queries and keys. */
@AutoService(Architecture.class)
public final class SmolLm3 extends LlamaLike {

    /** For each layer 1, or 0 where nothing is rotated. */
    private static final String ROTATED = "no_rope_layers";

    private static final String INTERVAL = "no_rope_layer_interval";

    @Override
    public Map<String, String> modelTypes() {
        return Map.of("smollm3", "SmolLM3ForCausalLM");
    }

    @Override
    public boolean layersAreBuiltAlone() {
        return true;
    }

    @Override
    boolean tiedUnlessSaid() {
        return true;
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        boolean attention = json.flag("attention_bias");
        Biases biases = new Biases(attention, attention, json.flag("mlp_bias"));
        LlamaConfig config = read(json, UsualSizes.headDim(json), biases);
        int layers = config.layers().size();
        int interval = json.size(INTERVAL, 4);
        List<Integer> rotated = json.numbers(ROTATED)
                .orElseGet(() -> IntStream.range(0, layers)
                        .mapToObj(layer -> (layer + 1) % interval == 0 ? 0 : 1)
                        .toList());
        if (rotated.size() != layers) {
            throw json.failure(
                    ROTATED + " has " + rotated.size() + " entries for " + layers + " layers", "give one for each");
        }
        return config.with(IntStream.range(0, layers)
                .mapToObj(layer -> rotated.get(layer) == 0
                        ? config.reach().get(layer).unrotated()
                        : config.reach().get(layer))
                .toList());
    }

    @Override
    public void resize(ObjectNode json, ModelConfig config) {
        super.resize(json, config);
        ArrayNode rotated = json.putArray(ROTATED);
        for (Reach reach : ((LlamaConfig) config).reach()) {
            rotated.add(reach.rotary() == null ? 0 : 1);
        }
    }
}
