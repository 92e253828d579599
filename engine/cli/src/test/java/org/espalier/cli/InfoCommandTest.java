package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.Shared;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InfoCommandTest {

    private static final String CONFIG = """
            {"model_type": "llama", "vocab_size": 100, "hidden_size": 12, "num_hidden_layers": 2,
             "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 4, "intermediate_size": 10,
             "tie_word_embeddings": false, "per_layer_config": {"1": {"intermediate_size": 5}}}""";

    @TempDir
    private Path folder;

    private static JsonNode json(Ran ran) throws IOException {
        return new ObjectMapper().readTree(ran.output());
    }

    @Test
    void configurationAloneIsEnough() throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), CONFIG);
        for (Path path : new Path[] {config, folder}) {
            JsonNode info = json(Ran.engine("info", path.toString(), "--json"));
            int attention = 2 * (12 * 12 + 2 * 4 * 12 + 12 * 12);
            int mlp = 3 * 12 * (10 + 5);
            assertEquals(attention, info.at("/parameters_by_kind/attention").asInt());
            assertEquals(mlp, info.at("/parameters_by_kind/mlp").asInt());
            assertEquals(1200, info.at("/parameters_by_kind/head").asInt());
            assertEquals(
                    attention + mlp + 2 * 1200 + 5 * 12, info.get("parameters").asInt());
            assertEquals("[10,5]", info.get("intermediate_sizes").toString());
            assertEquals("[3,3]", info.get("heads").toString());
            assertEquals(0, info.get("weight_bytes").asInt());
        }
    }

    @Test
    void textIsForPeople() throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), CONFIG);
        String text = Ran.engine("info", config.toString()).output();
        assertTrue(text.matches("(?s).*\nintermediate sizes +10 5\n.*"), text);
        assertTrue(text.matches("(?s).*\nheads +3 in each layer\n.*"), text);
    }

    @Test
    void whatAPruningWouldLeaveIsShown() throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), CONFIG);
        JsonNode info = json(Ran.engine(
                "info",
                config.toString(),
                "--json",
                "--ratio",
                "0.5",
                "--mlp-layers",
                "0",
                "--attention-layers",
                "none"));
        assertEquals("[5,5]", info.get("intermediate_sizes").toString());
        assertEquals("[3,3]", info.get("heads").toString());
        assertEquals(
                4 * 2 * 2 * 4,
                info.get("cache_bytes_per_token").asInt(),
                "float32, two layers, keys and values, 4 channels");
        long difference = json(Ran.engine("info", config.toString(), "--json"))
                        .get("macs_64")
                        .asLong()
                - info.get("macs_64").asLong();
        assertEquals(64 * (3 * 12 * 5 + 5), difference, "neurons that are gone");
    }

    @Test
    void knowsTheGguf() throws IOException {
        JsonNode info = json(Ran.engine(
                "info",
                "--json",
                Shared.path("models/smollm2-135m/smollm2-135m-instruct.Q4_1.gguf")
                        .toString()));
        assertEquals(134_515_008, info.get("parameters").asLong());
        assertEquals(30, info.get("layers").asInt());
        assertEquals(
                134_515_008,
                info.get("dtypes").valueStream().mapToLong(JsonNode::asLong).sum());
        assertEquals(
                info.get("parameters").asLong(),
                info.get("parameters_by_kind")
                        .valueStream()
                        .mapToLong(JsonNode::asLong)
                        .sum());
    }
}
