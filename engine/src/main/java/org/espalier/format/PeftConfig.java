package org.espalier.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.file.Printable;

/**
 * What {@code adapter_config.json} of Hugging Face's PEFT says of a LoRA adapter, as far as it matters here.
 *
 * @param rank           of every adapter
 * @param alpha          scale, divided by the rank, or by its root
 * @param rankStabilised whether it is divided by the root (Kalajdzievski 2023)
 * @param dropout        while it was trained
 * @param targets        projections that have one, by the last part of their name; empty if the file says it another way
 * @param baseModel      the model it was trained on, for people
 */
public record PeftConfig(
        int rank, double alpha, boolean rankStabilised, double dropout, List<String> targets, String baseModel) {

    private static final String ADVICE = "only plain LoRA of one rank can be used; train or save it that way";
    /** Settings that change what an adapter computes, which this version does not follow. */
    private static final List<String> UNSUPPORTED = List.of(
            "use_dora",
            "fan_in_fan_out",
            "lora_bias",
            "modules_to_save",
            "rank_pattern",
            "alpha_pattern",
            "layer_replication",
            "trainable_token_indices",
            "target_parameters",
            "use_qalora",
            "use_bdlora",
            "arrow_config",
            "alora_invocation_tokens");

    public PeftConfig {
        targets = List.copyOf(targets);
    }

    /** What the product of the two matrices is multiplied by. */
    public double scale() {
        return rankStabilised ? alpha / Math.sqrt(rank) : alpha / rank;
    }

    /**
     * @throws Failure if it is not LoRA, or of a kind that is not followed here
     */
    static PeftConfig read(ObjectNode json, String place) {
        String type = json.path("peft_type").asText("");
        if (!type.equals("LORA")) {
            throw new Failure("the adapter is of type " + Printable.quoted(type) + ", not 'LORA'", place, ADVICE);
        }
        for (String key : UNSUPPORTED) {
            if (isSet(json.get(key))) {
                throw new Failure("the adapter uses " + key, place, ADVICE);
            }
        }
        if (!json.path("bias").asText("none").equals("none")) {
            throw new Failure("the adapter trains biases", place, ADVICE);
        }
        // PEFT's own defaults.
        int rank = json.path("r").asInt(8);
        double alpha = json.path("lora_alpha").asDouble(8);
        if (rank < 1 || !Double.isFinite(alpha)) {
            throw new Failure(
                    "the adapter has rank " + json.get("r") + " and alpha " + json.get("lora_alpha"), place, ADVICE);
        }
        JsonNode targets = json.path("target_modules");
        return new PeftConfig(
                rank,
                alpha,
                json.path("use_rslora").asBoolean(),
                json.path("lora_dropout").asDouble(0),
                targets.isArray() ? targets.valueStream().map(JsonNode::asText).toList() : List.of(),
                json.path("base_model_name_or_path").asText(""));
    }

    private static boolean isSet(JsonNode value) {
        return value != null
                && !value.isNull()
                && !(value.isBoolean() && !value.asBoolean())
                && !(value.isContainerNode() && value.isEmpty());
    }

    /** Every setting that PEFT's defaults might change. */
    ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("peft_type", "LORA").put("task_type", "CAUSAL_LM").put("base_model_name_or_path", baseModel);
        json.put("r", rank);
        if (alpha == Math.rint(alpha)) {
            json.put("lora_alpha", (long) alpha);
        } else {
            json.put("lora_alpha", alpha);
        }
        json.put("lora_dropout", dropout).put("bias", "none").put("use_rslora", rankStabilised);
        json.put("use_dora", false)
                .put("fan_in_fan_out", false)
                .put("inference_mode", true)
                .put("init_lora_weights", true);
        targets.forEach(json.putArray("target_modules")::add);
        json.putObject("rank_pattern");
        json.putObject("alpha_pattern");
        for (String absent : List.of("modules_to_save", "layers_to_transform", "layers_pattern", "revision")) {
            json.putNull(absent);
        }
        return json;
    }
}
