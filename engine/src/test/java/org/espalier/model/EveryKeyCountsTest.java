package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.espalier.Shared;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * No value of a published configuration is passed over: with another one there is another model, a refusal that names it, or
 * it is known to change nothing.
 */
class EveryKeyCountsTest {

    /** Understood, and without effect: how BLOOM was trained, and what windows say where no layer has one. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "bias_dropout_fusion",
            "masked_softmax_fusion",
            "skip_bias_add",
            "skip_bias_add_qkv",
            "no_rope_layer_interval",
            "use_sliding_window");

    private static final String ANOTHER = "another";

    static List<Path> published() throws IOException {
        try (Stream<Path> models = Files.list(Shared.path("cases/published"))) {
            return models.filter(Files::isDirectory).sorted().toList();
        }
    }

    private static ObjectNode json(Path model) {
        return Json.readObject(model.resolve("config.json"));
    }

    @ParameterizedTest
    @MethodSource("published")
    void anotherValueIsSeen(Path model) {
        ObjectNode json = json(model);
        ModelConfig before = Architectures.read(json, "this test");
        Set<String> passedOver = new TreeSet<>();
        json.fieldNames().forEachRemaining(key -> {
            if (!UnknownKeys.HARMLESS.contains(key) && !WITHOUT_EFFECT.contains(key) && !ofNoLayer(json, key)) {
                ObjectNode changed = json.deepCopy();
                change(changed, key);
                if (!seen(changed, key, before)) {
                    passedOver.add(key);
                }
            }
        });
        assertEquals(Set.of(), passedOver);
    }

    /** Where every layer has experts none has an MLP of its own, whose width is published all the same. */
    private static boolean ofNoLayer(ObjectNode json, String key) {
        return key.equals("intermediate_size")
                && json.has("moe_intermediate_size")
                && json.path("mlp_only_layers").isEmpty();
    }

    private static boolean seen(ObjectNode changed, String key, ModelConfig before) {
        try {
            return !Architectures.read(changed, "this test").equals(before);
        } catch (Failure e) {
            String value = changed.get(key).isContainerNode()
                    ? ANOTHER
                    : changed.get(key).asText();
            return e.getMessage().contains(key) || e.getMessage().contains(value);
        }
    }

    private static void change(ObjectNode json, String key) {
        JsonNode value = json.get(key);
        switch (value.getNodeType()) {
            case BOOLEAN -> json.put(key, !value.booleanValue());
            case NUMBER -> {
                if (value.isIntegralNumber()) {
                    json.put(key, 2 * value.intValue());
                } else {
                    json.put(key, 2 * value.doubleValue() + 0.25);
                }
            }
            case STRING -> json.put(key, ANOTHER);
            case ARRAY -> change((ArrayNode) value.deepCopy(), json, key);
            case OBJECT -> json.putObject(key).put("rope_type", ANOTHER);
            default -> json.put(key, ANOTHER);
        }
    }

    private static void change(ArrayNode list, ObjectNode json, String key) {
        JsonNode first = list.remove(0);
        if (first == null) {
            list.add(0);
        } else if (first.isTextual()) {
            list.insert(0, ANOTHER);
        } else {
            list.insert(0, 1 - first.intValue());
        }
        json.set(key, list);
    }
}
