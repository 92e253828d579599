package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.file.Json;
import org.espalier.format.SafetensorsFile;
import org.espalier.job.DemoModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerationCommandTest {

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        DemoModel.writeTo(folder.resolve("m"));
        Files.writeString(folder.resolve("prompts"), "Once upon a time\n\n  The dog \n");
    }

    /** The continuations are those of {@code engine generate}; the reference's perplexity is that of a text that only they make up. */
    @Test
    void continuationsAreThoseOfGenerate() throws IOException {
        JsonNode result =
                json("eval generation @/m --reference @/m --prompts @/prompts --max-tokens 20 --seed 5 --json");
        assertEquals(2, result.get("texts").size());
        for (int i = 0; i < 2; i++) {
            Files.writeString(folder.resolve("p"), i == 0 ? "Once upon a time" : "The dog");
            JsonNode written =
                    json("generate @/m --prompt-file @/p --max-tokens 20 --temperature 1 --top-k 50 --top-p 0.95"
                            + " --seed " + (5 + i) + " --json");
            assertEquals(written.get("ids"), result.at("/texts/" + i + "/ids"));
            assertEquals(written.get("text"), result.at("/texts/" + i + "/text"));
        }
        assertEquals(
                result.at("/texts/0/ids").size() + result.at("/texts/1/ids").size(),
                result.get("tokens").asInt());
        assertTrue(
                result.get("distinct_1").asDouble() <= result.get("distinct_3").asDouble(), result::toString);
        double nll = 0;
        for (String prompt : List.of("Once upon a time", "The dog")) {
            nll += nll(prompt, result.at("/texts/" + (prompt.startsWith("O") ? 0 : 1) + "/ids"));
        }
        double ppl = Math.exp(nll / result.get("tokens").asInt());
        assertEquals(ppl, result.get("reference_ppl").asDouble(), 1e-4 * ppl);
    }

    /** Of the continuation alone, from the model's logits. */
    private double nll(String prompt, JsonNode continuation) throws IOException {
        List<Integer> ids = new ArrayList<>();
        json("tokenize @/m --json --text".split(" "), prompt).get("ids").forEach(id -> ids.add(id.asInt()));
        int start = ids.size();
        continuation.forEach(id -> ids.add(id.asInt()));
        Path file = Files.writeString(folder.resolve("ids.json"), ids.toString());
        json(
                ("logits @/m --json --force --ids-file " + file + " --out").split(" "),
                folder.resolve("logits").toString());
        try (SafetensorsFile logits = SafetensorsFile.open(folder.resolve("logits"))) {
            double[] numbers = Golden.doubles(logits, "logits");
            int vocabulary = numbers.length / ids.size();
            return IntStream.range(start, ids.size())
                    .mapToDouble(i -> {
                        double[] row = Arrays.copyOfRange(numbers, (i - 1) * vocabulary, i * vocabulary);
                        return Math.log(Arrays.stream(row).map(Math::exp).sum()) - row[ids.get(i)];
                    })
                    .sum();
        }
    }

    @Test
    void anotherSeedWritesOtherTexts() throws IOException {
        String line = "eval generation @/m --prompts @/prompts --max-tokens 12 --json --seed ";
        JsonNode first = json(line + 1);
        assertEquals(first, json(line + 1));
        assertNotEquals(first.get("texts"), json(line + 2).get("texts"));
        assertTrue(first.get("reference_ppl").isNull());
    }

    @Test
    void aRuinedModelWritesWhatTheReferenceFindsUnlikely() throws IOException {
        json("prune @/m --criterion random --ratio 0.5 --out @/p --json");
        String line = " --reference @/m --prompts @/prompts --max-tokens 30 --json";
        assertTrue(json("eval generation @/p" + line).get("reference_ppl").asDouble()
                > 3 * json("eval generation @/m" + line).get("reference_ppl").asDouble());
    }

    @Test
    void anotherTokenizerIsRefused() throws IOException {
        String line = Refusal.of(
                folder,
                Refusal.FAILED,
                "eval generation @/m --prompts @/prompts --reference " + Shared.path("models/stories260K"));
        assertTrue(line.contains("the tokenizers of model and reference differ"), line);
    }

    /** As many tokens, and the prompts read alike; but two that are not in them have each other's ids. */
    @Test
    void otherTokensOfTheSameNumberAreRefused() throws IOException {
        DemoModel.writeTo(folder.resolve("other"));
        Path file = folder.resolve("other/tokenizer.json");
        ObjectNode tokenizer = Json.readObject(file);
        ObjectNode ids = (ObjectNode) tokenizer.at("/model/vocab");
        int first = ids.get("A").intValue();
        int second = ids.get("B").intValue();
        ids.put("A", second).put("B", first);
        Files.write(file, Json.toBytes(tokenizer));
        String line = Refusal.of(folder, Refusal.FAILED, "eval generation @/m --prompts @/prompts --reference @/other");
        assertTrue(line.contains("the tokenizers of model and reference differ"), line);
    }

    private JsonNode json(String[] words, String last) throws IOException {
        return new ObjectMapper()
                .readTree(Ran.engine(Stream.concat(Stream.of(words), Stream.of(last))
                                .map(word -> word.replace("@", folder.toString()))
                                .toArray(String[]::new))
                        .output());
    }

    private JsonNode json(String line) throws IOException {
        return new ObjectMapper()
                .readTree(Ran.engine(line.replace("@", folder.toString()).split(" "))
                        .output());
    }
}
