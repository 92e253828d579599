package org.espalier.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig.Scaling;

/**
 * Writes the sizes of a model as a Hugging Face {@code config.json}. Layers whose sizes differ from most stand in
 * {@code per_layer_config}, the sparse map of Hugging Face's heterogeneous configurations.
 */
public final class ConfigWriter {

    private ConfigWriter() {}

    /** A whole configuration; {@link ConfigReader} reads the same model from it. */
    public static ObjectNode json(ModelConfig config) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add(config.architecture());
        json.put("model_type", config.modelType());
        json.put("vocab_size", config.vocab());
        json.put("hidden_size", config.hidden());
        json.put("head_dim", config.headDim());
        json.put("hidden_act", "silu");
        json.put("rms_norm_eps", config.eps());
        json.put("max_position_embeddings", config.maxPositions());
        json.put("tie_word_embeddings", config.tied());
        json.put("attention_bias", config.attentionBias());
        json.put("mlp_bias", config.mlpBias());
        rotary(json, config.rotary());
        sizes(json, config);
        return json;
    }

    /** Sets the sizes that pruning changes, leaving everything else of an existing configuration. */
    public static void sizes(ObjectNode json, ModelConfig config) {
        LayerConfig common = mostCommon(config);
        json.put("hidden_size", config.hidden());
        json.put("head_dim", config.headDim());
        json.put("num_hidden_layers", config.layers().size());
        put(json, common);
        json.remove("per_layer_config");
        ObjectNode differing = JsonNodeFactory.instance.objectNode();
        for (int layer = 0; layer < config.layers().size(); layer++) {
            LayerConfig own = config.layers().get(layer);
            if (!own.equals(common)) {
                differing.set(Integer.toString(layer), difference(own, common));
            }
        }
        if (!differing.isEmpty()) {
            json.set("per_layer_config", differing);
        }
    }

    /** Says that every projection has a bias, as the family {@code llama} can, which computes what its relatives do. */
    public static void everyBias(ObjectNode json, ModelConfig config) {
        json.put("model_type", "llama");
        json.putArray("architectures").add("LlamaForCausalLM");
        json.put("max_position_embeddings", config.maxPositions());
        json.put("attention_bias", true);
        json.put("mlp_bias", true);
    }

    /**
     * The sizes that most layers have, the first of equals, so that few layers differ. A layer without attention or MLP
     * gives none, because other readers take no 0 for a whole model.
     */
    private static LayerConfig mostCommon(ModelConfig config) {
        List<LayerConfig> whole = config.layers().stream()
                .filter(l -> l.heads() > 0 && l.intermediate() > 0)
                .toList();
        LayerConfig best = null;
        long most = 0;
        for (LayerConfig layer : whole) {
            long count = whole.stream().filter(layer::equals).count();
            if (count > most) {
                most = count;
                best = layer;
            }
        }
        return best == null ? widest(config.layers()) : best;
    }

    /** Sizes of which none is 0, from layers each of which lacks something. */
    private static LayerConfig widest(List<LayerConfig> layers) {
        LayerConfig attention =
                layers.stream().filter(l -> l.heads() > 0).findFirst().orElse(new LayerConfig(1, 1, 0));
        int neurons = layers.stream().mapToInt(LayerConfig::intermediate).max().orElse(0);
        return new LayerConfig(attention.heads(), attention.kvHeads(), Math.max(1, neurons));
    }

    private static ObjectNode difference(LayerConfig own, LayerConfig common) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        if (own.heads() != common.heads()) {
            json.put("num_attention_heads", own.heads());
        }
        if (own.kvHeads() != common.kvHeads()) {
            json.put("num_key_value_heads", own.kvHeads());
        }
        if (own.intermediate() != common.intermediate()) {
            json.put("intermediate_size", own.intermediate());
        }
        return json;
    }

    private static void put(ObjectNode json, LayerConfig layer) {
        json.put("num_attention_heads", layer.heads());
        json.put("num_key_value_heads", layer.kvHeads());
        json.put("intermediate_size", layer.intermediate());
    }

    private static void rotary(ObjectNode json, RotaryConfig rotary) {
        json.put("rope_theta", rotary.theta());
        if (rotary.scaling() == Scaling.DEFAULT) {
            json.putNull("rope_scaling");
            return;
        }
        ObjectNode scaling = json.putObject("rope_scaling");
        scaling.put("rope_type", rotary.scaling() == Scaling.LINEAR ? "linear" : "llama3");
        scaling.put("factor", rotary.factor());
        if (rotary.scaling() == Scaling.LLAMA3) {
            scaling.put("low_freq_factor", rotary.lowFrequency());
            scaling.put("high_freq_factor", rotary.highFrequency());
            scaling.put("original_max_position_embeddings", rotary.originalContext());
        }
    }
}
