package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.espalier.Shared;
import org.espalier.file.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations that models were published with open as they are; what they say otherwise than usual is not passed over. */
class PublishedConfigurationsTest {

    @TempDir
    private Path folder;

    static List<String> names() throws IOException {
        try (Stream<Path> models = Files.list(published())) {
            return models.filter(Files::isDirectory)
                    .map(model -> model.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void parametersAreThoseOfTheModel(String name) throws IOException {
        String config = published().resolve(name).resolve("config.json").toString();
        Ran ran = Ran.engine("info", config, "--json");
        JsonNode info = new ObjectMapper().readTree(ran.output());
        assertEquals("", ran.err());
        assertEquals(
                Json.readObject(published().resolve("parameters.json"))
                        .get(name)
                        .asLong(),
                info.get("parameters").asLong());
        assertEquals(
                info.get("parameters").asLong(),
                info.get("parameters_by_kind")
                        .valueStream()
                        .mapToLong(JsonNode::asLong)
                        .sum());
        long macs = info.get("macs_64").asLong();
        assertTrue(macs > 0 && macs <= info.get("macs_64_llm_pruner").asLong(), info::toString);
        Ran.engine("groups", config).output();
    }

    /** Keys that a type understands where others refuse them. */
    private static final Map<String, Set<String>> UNDERSTOOD = Map.of(
            "gpt_neox", Set.of("partial_rotary_factor"),
            "granite", Set.of("residual_multiplier"),
            "gemma2", Set.of("attn_logit_softcapping"),
            "gemma3_text", Set.of("attn_logit_softcapping"));

    @ParameterizedTest
    @MethodSource("names")
    void anotherComputationIsRefusedByName(String name) throws IOException {
        refused(name, "hidden_act", json -> json.put("hidden_act", "quick_gelu"), "'quick_gelu'");
        refused(name, "partial_rotary_factor", json -> json.put("partial_rotary_factor", 0.5), "partial_rotary_factor");
        refused(name, "attn_logit_softcapping", json -> json.put("attn_logit_softcapping", 50.0), "");
        refused(name, "residual_multiplier", json -> json.put("residual_multiplier", 0.22), "");
        refused(
                name,
                "layer_types",
                json -> json.putArray("layer_types").add("linear_attention"),
                "'linear_attention'");
        refused(
                name,
                "rope_scaling",
                json -> json.putObject("rope_scaling")
                        .put("rope_type", "proportional")
                        .put("factor", 4),
                "'proportional'");
        refused(
                name,
                "quantization_config",
                json -> json.putObject("quantization_config").put("quant_method", "awq"),
                "'awq' (quantization_config)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"info #", "groups #", "random # --out @/model"})
    void headsThatTogetherOverflowAreRefused(String line) throws IOException {
        String config = Shared.path("cases/hostile/config-overflow.json").toString();
        String printed = Refusal.of(folder, Refusal.FAILED, line.replace("#", config));
        assertTrue(printed.contains("65536 heads of 65536 channels"), printed);
    }

    @Test
    void aFamilyThatIsNotKnownNamesThoseThatAre() throws IOException {
        ObjectNode json = json(published().resolve("llama-7b"));
        json.put("model_type", "lama");
        Path config = folder.resolve("config.json");
        Files.write(config, Json.toBytes(json));
        String printed = Refusal.of(folder, Refusal.FAILED, "info " + config);
        assertTrue(printed.contains("'lama'") && printed.contains("llama") && printed.contains("phi3"), printed);
    }

    /** The value is refused, or the key where the family has none of that name. */
    private void refused(String name, String key, Consumer<ObjectNode> change, String problem) throws IOException {
        ObjectNode json = json(published().resolve(name));
        String type = json.get("model_type").asText();
        if (UNDERSTOOD.getOrDefault(type, Set.of()).contains(key)) {
            return;
        }
        change.accept(json);
        Path config = folder.resolve("config.json");
        Files.write(config, Json.toBytes(json));
        String printed = Refusal.of(folder, Refusal.FAILED, "info " + config);
        boolean named = printed.contains("'" + key + "' is not understood")
                || printed.contains("'" + key + ".") && printed.contains("is not understood");
        assertTrue(!problem.isEmpty() && printed.contains(problem) || named, printed);
    }

    private static ObjectNode json(Path model) {
        return Json.readObject(model.resolve("config.json"));
    }

    private static Path published() {
        return Shared.path("cases/published");
    }
}
