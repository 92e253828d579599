package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig;
import org.espalier.model.Pass;
import org.espalier.model.RotaryConfig;
import org.espalier.model.arch.LlamaConfig.Reach;
import org.espalier.tape.Value;

/**
 * The text model of Gemma 3: every query and key head is normalised, and layers with a window rotate by another base than
 * those that attend to everything.
 */
@AutoService(Architecture.class)
public final class Gemma3 extends GemmaLike {

    private static final String PATTERN = "sliding_window_pattern";
    private static final String LOCAL_BASE = "rope_local_base_freq";
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";

    @Override
    public Map<String, String> modelTypes() {
        return Map.of("gemma3_text", "Gemma3ForCausalLM");
    }

    /** The configurations of the models that see leave out what the class takes anyway. */
    @Override
    public Map<String, Integer> unsaid() {
        return Map.of(
                "vocab_size", 262_208,
                "hidden_size", 2304,
                "intermediate_size", 9216,
                "num_hidden_layers", 26,
                "num_attention_heads", 8,
                "num_key_value_heads", 4,
                "max_position_embeddings", 131_072);
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        LlamaConfig config = readGemma(json, 0, 0);
        json.size("_" + PATTERN, 6);
        pattern(json);
        Optional<ConfigReader> kinds =
                json.object(RotaryJson.PARAMETERS).filter(own -> own.keys().contains(FULL));
        RotaryConfig full = kinds.flatMap(own -> own.object(FULL))
                .map(own -> RotaryJson.of(own, 1_000_000))
                .orElseGet(() -> RotaryJson.scaled(json, 1_000_000));
        double base = json.number(LOCAL_BASE, 10_000);
        RotaryConfig local = kinds.flatMap(own -> own.object(SLIDING))
                .map(own -> RotaryJson.of(own, 10_000))
                .orElseGet(() -> RotaryConfig.plain(base));
        List<Reach> reach = config.reach().stream()
                .map(layer -> new Reach(layer.window() > 0 ? local : full, layer.window()))
                .toList();
        return config.with(full).with(reach);
    }

    private static int pattern(ConfigReader json) {
        return json.size(PATTERN, 6);
    }

    @Override
    boolean slides(ConfigReader json, int layer) {
        return (layer + 1) % pattern(json) != 0;
    }

    @Override
    public ObjectNode write(ModelConfig model) {
        LlamaConfig config = (LlamaConfig) model;
        ObjectNode json = super.write(config);
        config.reach().stream()
                .filter(layer -> layer.window() > 0)
                .findFirst()
                .ifPresent(layer -> json.put(LOCAL_BASE, layer.rotary().theta()));
        return json;
    }

    @Override
    public void resize(ObjectNode json, ModelConfig config) {
        super.resize(json, config);
        if (json.path(RotaryJson.PARAMETERS).get(FULL) instanceof ObjectNode full) {
            RotaryJson.alsoForOlder(json, full, RotaryJson.THETA);
        }
        if (json.path(RotaryJson.PARAMETERS).get(SLIDING) instanceof ObjectNode local) {
            RotaryJson.alsoForOlder(json, local, LOCAL_BASE);
        }
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new GemmaDecoder((LlamaConfig) config, pass) {
            @Override
            Value normalised(Value heads, String name) {
                long rows = heads.shape().dim(0) * heads.shape().dim(1);
                Value flat = tape.view(heads, rows, heads.shape().dim(2)); // [T · heads, D]
                return tape.view(norm(flat, name), heads.shape().toArray());
            }
        };
    }
}
