package org.espalier.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.espalier.error.Failure;

/** The families of models that are known, each found by the {@code model_type} of its configurations. */
public final class Architectures {

    private static final Map<String, Architecture> BY_TYPE = byType();

    private Architectures() {}

    private static Map<String, Architecture> byType() {
        Map<String, Architecture> byType = new TreeMap<>();
        for (Architecture family : ServiceLoader.load(Architecture.class, Architectures.class.getClassLoader())) {
            family.modelTypes().keySet().forEach(type -> byType.put(type, family));
        }
        return byType;
    }

    /**
     * Reads a Hugging Face {@code config.json} of any family, or of a model whose text model is of one. What it says besides,
     * without effect, is worth a warning.
     *
     * @param where the file, for messages
     * @throws Failure if the family is not known, or its configuration is not one that is computed rightly
     */
    public static ModelConfig read(JsonNode config, String where) {
        ConfigReader reader = new ConfigReader(ofText(config), where);
        String type = reader.text("model_type", "");
        Architecture family = BY_TYPE.get(type);
        if (family == null) {
            throw reader.failure("model type '" + type + "' is not supported", "use one of " + types());
        }
        ModelConfig read = family.read(reader);
        UnknownKeys.check(reader);
        return read;
    }

    /** Whether there is a text model inside of what a configuration describes, which alone is used. */
    static boolean isNested(JsonNode config) {
        return NestedText.isNested(config, json -> family(json) != null);
    }

    /** The family that a configuration names, or null. */
    private static Architecture family(JsonNode config) {
        return BY_TYPE.get(config.path("model_type").asText());
    }

    /** The configuration of the text model alone, with the sizes that its family takes where nothing is said. */
    public static JsonNode ofText(JsonNode config) {
        JsonNode text = isNested(config) ? NestedText.config(config) : config;
        Architecture family = family(text);
        if (family == null || family.unsaid().keySet().stream().allMatch(text::has)) {
            return text;
        }
        ObjectNode complete = text.deepCopy();
        family.unsaid().forEach((key, size) -> {
            if (!complete.has(key)) {
                complete.put(key, size);
            }
        });
        return complete;
    }

    /** The family of a model. */
    public static Architecture of(ModelConfig config) {
        return BY_TYPE.get(config.modelType());
    }

    /** The whole configuration of a model as a Hugging Face {@code config.json}. */
    public static ObjectNode json(ModelConfig config) {
        return of(config).write(config);
    }

    /** A model to be trained from scratch. */
    public static ModelConfig untrained(ModelConfig.Sizes sizes) {
        return BY_TYPE.values().stream()
                .flatMap(family -> family.untrained(sizes).stream())
                .findFirst()
                .orElseThrow();
    }

    /** Every model type that is known, in alphabetical order. */
    public static List<String> types() {
        return List.copyOf(BY_TYPE.keySet());
    }

    /** Last parts of the names of all projections that adapters can stand beside, of all families. */
    public static List<String> adapterTargets() {
        return BY_TYPE.values().stream()
                .distinct()
                .flatMap(family -> family.adapterTargets().stream())
                .distinct()
                .sorted()
                .collect(Collectors.toList());
    }
}
