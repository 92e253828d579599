package org.espalier.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.Json;

/**
 * What a configuration says of weights that are 8-bit whole numbers with a scale for each row, in the words of the package
 * compressed-tensors.
 */
final class Int8Config {

    static final String KEY = "quantization_config";

    private static final String METHOD = "compressed-tensors";
    private static final String FORMAT = "int-quantized";
    private static final String ADVICE =
            "fetch the model it was made from, whose weights are plain numbers, or a GGUF file";

    private Int8Config() {}

    /**
     * Says it: inputs are rounded to 8 bits, token by token, by programs that compute with whole numbers.
     *
     * @param left names of modules that are not quantised
     */
    static ObjectNode json(Collection<String> left) {
        ObjectNode json = Json.object();
        json.put("quant_method", METHOD);
        json.put("format", FORMAT);
        json.put("quantization_status", "compressed");
        json.putNull("kv_cache_scheme");
        ObjectNode group = json.putObject("config_groups").putObject("group_0");
        group.putArray("targets").add("Linear");
        ObjectNode weights = eightBits(group.putObject("weights"));
        weights.put("strategy", "channel").put("dynamic", false);
        ObjectNode inputs = eightBits(group.putObject("input_activations"));
        inputs.put("strategy", "token").put("dynamic", true);
        group.putNull("output_activations");
        left.forEach(json.putArray("ignore")::add);
        return json;
    }

    private static ObjectNode eightBits(ObjectNode args) {
        return args.put("num_bits", 8).put("type", "int").put("symmetric", true);
    }

    /** Whether a configuration is one of compressed-tensors, whatever its form. */
    static boolean isCompressed(JsonNode config) {
        return METHOD.equals(config.path(KEY).path("quant_method").asText());
    }

    /**
     * Refuses another form than the one above.
     *
     * @throws Failure that names what is different
     */
    static void require(JsonNode config, String where) {
        JsonNode json = config.path(KEY);
        requireText(json, "format", FORMAT, where);
        for (String none : List.of("kv_cache_scheme", "sparsity_config", "transform_config")) {
            if (!json.path(none).isNull() && !json.path(none).isEmpty()) {
                throw refused(none + ", which is not understood", where);
            }
        }
        for (Map.Entry<String, JsonNode> group : json.path("config_groups").properties()) {
            JsonNode weights = group.getValue().path("weights");
            requireText(weights, "type", "int", where);
            requireText(weights, "num_bits", "8", where);
            requireText(weights, "symmetric", "true", where);
            requireText(weights, "strategy", "channel", where);
        }
    }

    private static void requireText(JsonNode json, String key, String value, String where) {
        if (!json.path(key).asText().equals(value)) {
            throw refused(
                    key + " " + Printable.quoted(json.path(key).asText()) + ", and only " + value + " can be read",
                    where);
        }
    }

    private static Failure refused(String what, String where) {
        return new Failure("the weights are quantised by '" + METHOD + "' (" + KEY + ") with " + what, where, ADVICE);
    }
}
