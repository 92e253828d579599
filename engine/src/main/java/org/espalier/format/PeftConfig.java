package org.espalier.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.Json;

/**
 * What {@code adapter_config.json} of Hugging Face's PEFT says of a LoRA adapter, as far as it matters here.
 *
 * @param rank           of every adapter
 * @param alpha          scale, divided by the rank, or by its root
 * @param rankStabilised whether it is divided by the root (Kalajdzievski 2023)
 * @param decomposed     whether rows have lengths of their own (DoRA, Liu et al. 2024)
 * @param dropout        while it was trained
 * @param targets        projections that have one, by the end of their name; empty if the file says it another way
 * @param saved          modules whose own parameters it replaces, by the last part of their name
 * @param baseModel      the model it was trained on, for people
 */
public record PeftConfig(
        int rank,
        double alpha,
        boolean rankStabilised,
        boolean decomposed,
        double dropout,
        List<String> targets,
        List<String> saved,
        String baseModel) {

    private static final String INITIAL = "init_lora_weights";
    private static final String SAVED = "modules_to_save";
    private static final String ADVICE = "only plain LoRA of one rank can be used; train or save it that way";
    /** What says nothing of the numbers that an adapter adds, given its matrices. */
    private static final Set<String> HARMLESS = Set.of(
            "auto_mapping",
            "base_model_name_or_path",
            "eva_config",
            "exclude_modules",
            "inference_mode",
            "layers_pattern",
            "layers_to_transform",
            "lora_dropout",
            "megatron_core",
            "peft_version",
            "qalora_group_size",
            "revision",
            "runtime_config",
            "task_type");
    /** What is read here. */
    private static final Set<String> READ = Set.of(
            "peft_type",
            "r",
            "lora_alpha",
            "use_rslora",
            "use_dora",
            "target_modules",
            PeftParameters.TARGETS,
            "bias",
            INITIAL,
            SAVED);
    /** What is read where an adapter stands beside experts together: other adapters have one rank and scale. */
    private static final Set<String> PATTERNS = Set.of(PeftParameters.RANKS, PeftParameters.ALPHAS);
    /** Start values that leave the base weights as they are. */
    private static final Set<String> PLAIN_STARTS = Set.of("gaussian", "eva", "orthogonal");

    public PeftConfig {
        targets = List.copyOf(targets);
        saved = List.copyOf(saved);
    }

    /** Of matrices alone. */
    public PeftConfig(
            int rank, double alpha, boolean rankStabilised, double dropout, List<String> targets, String baseModel) {
        this(rank, alpha, rankStabilised, false, dropout, targets, List.of(), baseModel);
    }

    /** The same of another rank, and scaled alike. */
    PeftConfig withRank(int other) {
        double same = rankStabilised ? scale() * Math.sqrt(other) : scale() * other;
        return other == rank
                ? this
                : new PeftConfig(other, same, rankStabilised, decomposed, dropout, targets, saved, baseModel);
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
        boolean patterns = isSet(json.get(PeftParameters.TARGETS));
        for (String key : (Iterable<String>) json::fieldNames) {
            boolean read = READ.contains(key) || patterns && PATTERNS.contains(key);
            if (!HARMLESS.contains(key) && !read && isSet(json.get(key))) {
                throw new Failure("the adapter uses " + Printable.quoted(key), place, ADVICE);
            }
        }
        requirePlainStart(json.path(INITIAL), place);
        if (!json.path("bias").asText("none").equals("none")) {
            throw new Failure("the adapter trains biases", place, ADVICE);
        }
        // PEFT's own defaults.
        int rank = json.path("r").asInt(8);
        JsonNode targets = json.path("target_modules");
        PeftConfig config = new PeftConfig(
                rank,
                json.path("lora_alpha").asDouble(8),
                json.path("use_rslora").asBoolean(),
                json.path("use_dora").asBoolean(),
                json.path("lora_dropout").asDouble(0),
                texts(targets),
                texts(json.path(SAVED)),
                json.path("base_model_name_or_path").asText(""));
        if (rank < 1 || !Float.isFinite((float) config.scale())) {
            throw new Failure(
                    "the adapter has rank " + json.get("r") + " and alpha " + json.get("lora_alpha"), place, ADVICE);
        }
        return config;
    }

    /** Other start values are taken out of the base weights, which PEFT does anew each time it loads the adapter. */
    private static void requirePlainStart(JsonNode start, String place) {
        if (start.isTextual() && !PLAIN_STARTS.contains(start.textValue())) {
            throw new Failure(
                    "the adapter starts from " + Printable.quoted(start.textValue()) + " (" + INITIAL
                            + "), whose values belong to changed base weights",
                    place,
                    "save it as plain LoRA: PEFT's save_pretrained with path_initial_model_for_weight_conversion");
        }
    }

    static List<String> texts(JsonNode list) {
        return list.isArray() ? list.valueStream().map(JsonNode::asText).toList() : List.of();
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
        json.put("use_dora", decomposed)
                .put("fan_in_fan_out", false)
                .put("inference_mode", true)
                .put("init_lora_weights", true);
        targets.forEach(json.putArray("target_modules")::add);
        json.putObject("rank_pattern");
        json.putObject("alpha_pattern");
        if (saved.isEmpty()) {
            json.putNull(SAVED);
        } else {
            saved.forEach(json.putArray(SAVED)::add);
        }
        for (String absent : List.of("layers_to_transform", "layers_pattern", "revision")) {
            json.putNull(absent);
        }
        return json;
    }
}
