package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.xml.parsers.DocumentBuilderFactory;
import org.espalier.Shared;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.NodeList;

class GroupsCommandTest {

    private static final String PRUNED = """
            {"model_type": "llama", "vocab_size": 100, "hidden_size": 12, "num_hidden_layers": 4, "num_attention_heads": 4,
             "num_key_value_heads": 2, "head_dim": 4, "intermediate_size": 10, "attention_bias": true,
             "tie_word_embeddings": false, "per_layer_config": {"1": {"intermediate_size": 5}}}""";

    @TempDir
    private Path folder;

    private String config(String json) throws IOException {
        return Files.writeString(folder.resolve("config.json"), json).toString();
    }

    private static JsonNode json(Ran ran) throws IOException {
        return new ObjectMapper().readTree(ran.output());
    }

    private static List<JsonNode> ofRole(JsonNode groups, String role) {
        return StreamSupport.stream(groups.get("groups").spliterator(), false)
                .filter(g -> g.get("role").asText().equals(role))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "4096, 32, 32, 11008, 32, 32000, 2097152, 12288",
        "4096, 32, 8, 14336, 32, 128256, 5242880, 12288",
        "576, 9, 3, 1536, 30, 49152, 294912, 1728"
    })
    void unitsOfPublishedModelsFollowFromTheirConfigurationAlone(
            int hidden, int heads, int kvHeads, int neurons, int layers, int vocab, long perHead, long perNeuron)
            throws IOException {
        JsonNode groups = json(
                Ran.engine("groups", "--json", config("""
                {"model_type": "llama", "vocab_size": %d, "hidden_size": %d, "num_hidden_layers": %d,
                 "num_attention_heads": %d, "num_key_value_heads": %d, "intermediate_size": %d}""".formatted(vocab, hidden, layers, heads, kvHeads, neurons))));
        for (JsonNode group : ofRole(groups, "heads")) {
            assertEquals(kvHeads, group.get("units").asInt());
            assertEquals(perHead, group.get("parameters_per_unit").asLong());
        }
        assertEquals(layers, ofRole(groups, "heads").size());
        assertEquals(layers, ofRole(groups, "neurons").size());
        assertEquals(
                perNeuron,
                ofRole(groups, "neurons").getLast().get("parameters_per_unit").asLong());
        assertEquals(hidden, ofRole(groups, "channels").getFirst().get("units").asInt());
    }

    @Test
    void everyMemberSaysWhereItsUnitsLie() throws IOException {
        JsonNode groups = json(Ran.engine("groups", config(PRUNED), "--json"));
        List<String> keys = List.of(
                "id", "name", "role", "unit_size", "units", "parameters_per_unit", "tied", "normalised", "members");
        int id = 0;
        for (JsonNode group : groups.get("groups")) {
            assertEquals(
                    keys, group.properties().stream().map(Map.Entry::getKey).toList());
            assertEquals(id++, group.get("id").asInt());
        }
        JsonNode queries = ofRole(groups, "query_heads").getFirst();
        assertEquals("""
                {"tensor":"model.layers.0.self_attn.q_proj.weight","axis":0,"offset":0,"stride":4,"repeats":2,"period":8}""", queries.get("members").get(0).toString());
        assertEquals(8 + 8 + 8, queries.get("unit_size").asInt());
        assertEquals(8 * (12 + 1) + 8 * 12, queries.get("parameters_per_unit").asInt());
        JsonNode last = groups.get("frozen").get(groups.get("frozen").size() - 1);
        assertEquals("""
                {"tensor":"lm_head.weight","axis":0,"units":100,"whole":true,"reason":"the vocabulary is the tokenizer's"}""", last.toString());
    }

    @Test
    void thePictureTakesLayersTogether() throws IOException {
        List<String> lines =
                Ran.engine("groups", config(PRUNED)).output().lines().toList();
        assertTrue(lines.getFirst().endsWith("config.json: 6,248 parameters, 18 groups"), lines.getFirst());
        Stream.of(
                        "╭─ heads of layers 0–3 ─",
                        "│ 2 units in each layer, 8 in all, 304 parameters each: a key/value head",
                        "│ self_attn.q_proj.weight  rows     ████░░░░████░░░░  8 of 16 ",
                        "│ layers 0–3  mlp.down_proj.weight             rows     █░░░░░░░░░░░  1 of 12 ",
                        "│ 5–10 units in each layer, 35 in all, 36 parameters each: a neuron ",
                        "│ mlp.gate_proj.weight  rows     █░░░░░░░░░  1 of 5–10 ",
                        "  model.embed_tokens.weight rows, lm_head.weight rows (100): the vocabulary is the tokenizer's")
                .forEach(start -> assertEquals(
                        1, lines.stream().filter(l -> l.startsWith(start)).count(), start));
        List<String> boxes = lines.stream()
                .filter(l -> !l.isEmpty() && "╭│╰".indexOf(l.charAt(0)) >= 0)
                .toList();
        assertEquals(
                List.of(boxes.getFirst().length()),
                boxes.stream().map(String::length).distinct().toList());
        assertTrue(lines.size() < 70, "not short: " + lines.size());
    }

    @Test
    void aDeepModelIsDrawnAsShortAsAShallowOne() throws IOException {
        String text = Ran.engine("groups", Shared.path("models/smollm2-135m").toString())
                .output();
        assertTrue(text.contains("134,515,008 parameters, 122 groups"), text);
        assertTrue(text.contains("╭─ neurons of layers 0–29 ─"), text);
        assertTrue(text.lines().count() < 60, text);
    }

    @Test
    void drawsAPageAndADrawing() throws Exception {
        Path svg = folder.resolve("groups.svg");
        Path page = folder.resolve("groups.html");
        Ran.engine("groups", config(PRUNED), "--out", svg.toString()).output();
        Ran.engine("groups", config(PRUNED), "--out", page.toString()).output();
        NodeList marks = DocumentBuilderFactory.newDefaultInstance()
                .newDocumentBuilder()
                .parse(svg.toFile())
                .getElementsByTagName("rect");
        List<String> kinds = IntStream.range(0, marks.getLength())
                .mapToObj(
                        i -> marks.item(i).getAttributes().getNamedItem("class").getNodeValue())
                .toList();
        int tensors = 5 + 13 + 7 + 3 + 3 + 3;
        assertEquals(tensors, kinds.stream().filter("edge"::equals).count());
        assertTrue(kinds.stream().filter("first"::equals).count() > tensors);
        assertTrue(Files.readString(page).contains(Files.readString(svg).strip()));
    }

    @Test
    void refusesAnotherKindOfFileAndOneThatExists() throws IOException {
        String model = config(PRUNED);
        Ran.engine("groups", model, "--out", folder.resolve("groups.png").toString())
                .failure(2);
        Path svg = Files.writeString(folder.resolve("groups.svg"), "mine");
        Ran.engine("groups", model, "--out", svg.toString()).failure(1);
        assertEquals("mine", Files.readString(svg));
        Ran.engine("groups", model, "--out", svg.toString(), "--force").output();
        assertTrue(Files.readString(svg).startsWith("<svg"));
    }
}
