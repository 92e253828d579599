package org.espalier.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig.Scaling;

/** Reads a Hugging Face {@code config.json} of the LLaMA family, refusing what would be computed wrongly. */
public final class ConfigReader {

    private static final Map<String, String> ARCHITECTURES =
            Map.of("llama", "LlamaForCausalLM", "mistral", "MistralForCausalLM", "qwen2", "Qwen2ForCausalLM");
    private static final Set<String> ACTIVATIONS = Set.of("silu", "swish");
    /** Far above any model, far below what overflows. */
    private static final int LARGEST = 1 << 24;

    private static final int MOST_LAYERS = 4096;

    private final JsonNode root;
    private final String where;

    private ConfigReader(JsonNode root, String where) {
        this.root = root;
        this.where = where;
    }

    /**
     * @param where the file, for messages
     * @throws Failure if a size is missing, impossible, or of a model that is not supported
     */
    public static ModelConfig read(JsonNode config, String where) {
        return new ConfigReader(config, where).read();
    }

    private ModelConfig read() {
        if (!root.isObject()) {
            throw failure("configuration is not a JSON object", "use the config.json of a Hugging Face checkpoint");
        }
        String type = text(root, "model_type", "");
        if (!ARCHITECTURES.containsKey(type)) {
            throw failure(
                    "model type '" + type + "' is not supported",
                    "use one of " + ARCHITECTURES.keySet().stream().sorted().toList());
        }
        String activation = text(root, "hidden_act", "silu");
        if (!ACTIVATIONS.contains(activation)) {
            throw failure("activation '" + activation + "' is not supported", "use a model with silu");
        }
        int hidden = size(root, "hidden_size", null);
        int heads = size(root, "num_attention_heads", null);
        int headDim = size(root, "head_dim", hidden / Math.max(1, heads));
        if (headDim % 2 != 0) {
            throw failure("head_dim " + headDim + " is odd", "rotary embedding needs an even head_dim");
        }
        boolean attentionBias = type.equals("qwen2") || flag("attention_bias");
        boolean outputBias = !type.equals("qwen2") && flag("attention_bias");
        JsonNode architectures = root.path("architectures");
        String architecture = architectures.isArray() && architectures.path(0).isTextual()
                ? architectures.get(0).asText()
                : ARCHITECTURES.get(type);
        return new ModelConfig(
                architecture,
                type,
                size(root, "vocab_size", null),
                hidden,
                headDim,
                layers(heads),
                number(root, "rms_norm_eps", 1e-6),
                rotary(),
                maxPositions(type),
                flag("tie_word_embeddings"),
                attentionBias,
                outputBias,
                flag("mlp_bias"));
    }

    private List<LayerConfig> layers(int heads) {
        int count = size(root, "num_hidden_layers", null);
        if (count > MOST_LAYERS) {
            throw failure("num_hidden_layers is " + count, "at most " + MOST_LAYERS + " layers are supported");
        }
        int kvHeads = size(root, "num_key_value_heads", heads);
        int intermediate = size(root, "intermediate_size", null);
        JsonNode differing = root.path("per_layer_config");
        differing.fieldNames().forEachRemaining(key -> checkLayerNumber(key, count));
        List<LayerConfig> layers = new ArrayList<>();
        for (int layer = 0; layer < count; layer++) {
            JsonNode own = differing.path(Integer.toString(layer));
            layers.add(layer(
                    layer,
                    width(own, "num_attention_heads", heads),
                    width(own, "num_key_value_heads", kvHeads),
                    width(own, "intermediate_size", intermediate)));
        }
        return layers;
    }

    private void checkLayerNumber(String key, int count) {
        if (!key.matches("\\d{1,9}") || Integer.parseInt(key) >= count) {
            throw failure("per_layer_config names layer '" + key + "'", "layers are 0 to " + (count - 1));
        }
    }

    private LayerConfig layer(int layer, int heads, int kvHeads, int intermediate) {
        boolean grouped = heads == 0 ? kvHeads == 0 : kvHeads > 0 && heads % kvHeads == 0;
        if (!grouped) {
            throw failure(
                    "layer " + layer + " has " + heads + " heads and " + kvHeads + " key/value heads",
                    "heads must be a multiple of key/value heads");
        }
        return new LayerConfig(heads, kvHeads, intermediate);
    }

    private RotaryConfig rotary() {
        JsonNode parameters = root.path("rope_parameters");
        JsonNode scaling = parameters.isObject() ? parameters : root.path("rope_scaling");
        double theta = number(parameters, "rope_theta", number(root, "rope_theta", 10000.0));
        if (!scaling.isObject()) {
            return RotaryConfig.plain(theta);
        }
        String kind = text(scaling, "rope_type", text(scaling, "type", "default"));
        return switch (kind) {
            case "default" -> RotaryConfig.plain(theta);
            case "linear" -> new RotaryConfig(theta, Scaling.LINEAR, number(scaling, "factor", 1), 1, 4, 8192);
            case "llama3" ->
                new RotaryConfig(
                        theta,
                        Scaling.LLAMA3,
                        number(scaling, "factor", 8),
                        number(scaling, "low_freq_factor", 1),
                        number(scaling, "high_freq_factor", 4),
                        number(scaling, "original_max_position_embeddings", 8192));
            default -> throw failure("rotary scaling '" + kind + "' is not supported", "use default, linear or llama3");
        };
    }

    /** Attention here is over the whole context, so a sliding window bounds it. */
    private int maxPositions(String type) {
        int positions = size(root, "max_position_embeddings", 2048);
        boolean slides = type.equals("mistral") || flag("use_sliding_window");
        return slides && root.path("sliding_window").isInt()
                ? Math.min(positions, size(root, "sliding_window", null))
                : positions;
    }

    private boolean flag(String key) {
        JsonNode node = root.path(key);
        if (!node.isMissingNode() && !node.isNull() && !node.isBoolean()) {
            throw failure(key + " is " + brief(node), "it must be true or false");
        }
        return node.asBoolean(false);
    }

    private String text(JsonNode from, String key, String otherwise) {
        JsonNode node = from.path(key);
        return node.isTextual() ? node.asText() : otherwise;
    }

    private double number(JsonNode from, String key, double otherwise) {
        JsonNode node = from.path(key);
        if (node.isMissingNode() || node.isNull()) {
            return otherwise;
        }
        double value = node.asDouble(Double.NaN);
        if (!node.isNumber() || !(value > 0) || value > 1e12) {
            throw failure(key + " is " + brief(node), "it must be a positive number");
        }
        return value;
    }

    /** A positive size; {@code otherwise} null means that it must be there. */
    private int size(JsonNode from, String key, Integer otherwise) {
        JsonNode node = from.path(key);
        if (node.isMissingNode() || node.isNull()) {
            if (otherwise == null) {
                throw failure(key + " is missing", "use the config.json of a Hugging Face checkpoint");
            }
            return otherwise;
        }
        return within(node, key, 1);
    }

    /** A layer's own size, which may be 0 where a whole block was removed. */
    private int width(JsonNode own, String key, int otherwise) {
        JsonNode node = own.path(key);
        return node.isMissingNode() || node.isNull() ? otherwise : within(node, key, 0);
    }

    private int within(JsonNode node, String key, int least) {
        if (!node.isIntegralNumber() || !node.canConvertToInt() || node.asInt() < least || node.asInt() > LARGEST) {
            throw failure(key + " is " + brief(node), "it must be a whole number from " + least + " to " + LARGEST);
        }
        return node.asInt();
    }

    private static String brief(JsonNode node) {
        String text = node.toString();
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }

    private Failure failure(String what, String remedy) {
        return new Failure(what, where, remedy);
    }
}
