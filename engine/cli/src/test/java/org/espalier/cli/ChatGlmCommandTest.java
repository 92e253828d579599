package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.Shared;
import org.espalier.importance.Criterion;
import org.espalier.text.SmallTokenizer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ChatGLM-6B from the command line: what it was never pruned by in public, calibrated on the dialogues of its paper. */
class ChatGlmCommandTest {

    private static final int DIALOGUES = 300;

    @TempDir
    private Path folder;

    private Path model;
    private Path dialogues;

    @BeforeEach
    void makeModel() throws IOException {
        model = Files.createDirectory(folder.resolve("model"));
        try (Stream<Path> files = Files.list(Shared.path("golden/glm/model"))) {
            for (Path file : files.toList()) {
                Files.copy(file, model.resolve(file.getFileName()));
            }
        }
        List<String> rows = Files.readAllLines(Shared.path("data/dailydialog/dialogues_text.txt")).stream()
                .limit(DIALOGUES)
                .map(row -> row.replace("__eou__", ""))
                .toList();
        dialogues = Files.write(folder.resolve("dialogues.txt"), rows);
        Files.write(model.resolve("ice_text.model"), SmallTokenizer.iceText(String.join("\n", rows), 2));
        Files.writeString(
                model.resolve("tokenizer_config.json"),
                "{\"num_image_tokens\": 0, \"tokenizer_class\": \"ChatGLMTokenizer\"}");
    }

    private static JsonNode json(String... args) throws IOException {
        return new ObjectMapper().readTree(Ran.engine(args).output());
    }

    @Test
    void everyCriterionPrunesBlocksOnDialogues() throws IOException {
        for (Criterion criterion : Criterion.values()) {
            if (!criterion.ofExpertsOnly()) {
                prune(criterion.toString());
            }
        }
    }

    private Path prune(String criterion, String... more) throws IOException {
        Path out = folder.resolve(criterion + more.length);
        List<String> line = List.of(
                "prune",
                model.toString(),
                "--criterion",
                criterion,
                "--mode",
                "block",
                "--ratio",
                "0.25",
                "--round",
                "1",
                "--calibration",
                dialogues.toString(),
                "--samples",
                "4",
                "--seq-len",
                "32",
                "--out",
                out.toString(),
                "--json");
        JsonNode pruned = json(Stream.concat(line.stream(), Stream.of(more)).toArray(String[]::new));
        assertTrue(
                pruned.get("parameters_after").asLong()
                        < pruned.get("parameters_before").asLong(),
                criterion);
        assertEquals(
                pruned.get("parameters_after").asLong(),
                json("info", out.toString(), "--json").get("parameters").asLong());
        return out;
    }

    @Test
    void isPrunedTunedMergedAndAsked() throws IOException {
        Path pruned = prune("param_first", "--compensate", "lstsq");
        Path data = folder.resolve("data.jsonl");
        Files.writeString(
                data,
                "{\"prompt\": \"The kitchen stinks .\", \"completion\": \"I'll throw out the garbage .\"}\n".repeat(4));
        Path adapter = folder.resolve("adapter");
        JsonNode tuned = json(
                "tune",
                pruned.toString(),
                "--data",
                data.toString(),
                "--format",
                "jsonl",
                "--epochs",
                "12",
                "--batch-size",
                "2",
                "--lr",
                "1e-2",
                "--rank",
                "4",
                "--out",
                adapter.toString(),
                "--json");
        assertTrue(tuned.get("train_loss").asDouble() < 5, tuned::toString);
        Path merged = folder.resolve("merged");
        Ran.engine("merge", pruned.toString(), adapter.toString(), "--out", merged.toString())
                .output();
        JsonNode asked = json(
                "generate",
                merged.toString(),
                "--chat",
                "--prompt",
                "The kitchen stinks .",
                "--max-tokens",
                "8",
                "--json");
        JsonNode ids = asked.get("prompt_ids");
        assertEquals(251, ids.get(ids.size() - 2).asInt());
        assertEquals(254, ids.get(ids.size() - 1).asInt());
        assertEquals(
                asked.get("ids"),
                json(
                                "generate",
                                pruned.toString(),
                                "--adapter",
                                adapter.toString(),
                                "--prompt",
                                "The kitchen stinks .",
                                "--max-tokens",
                                "8",
                                "--json")
                        .get("ids"));
        JsonNode perplexity = json(
                "eval",
                "ppl",
                merged.toString(),
                "--data",
                dialogues.toString(),
                "--seq-len",
                "32",
                "--max-windows",
                "2",
                "--json");
        assertTrue(perplexity.get("results").get(0).get("ppl").asDouble() > 1, perplexity::toString);
    }

    @Test
    void ggufHasNoSuchModel() {
        Ran refused = Ran.engine(
                "convert", model.toString(), "--out", folder.resolve("m.gguf").toString());
        assertEquals(1, refused.status());
        assertTrue(
                refused.err().contains("no GGUF architecture is known for models of the class 'ChatGLM"), refused::err);
    }
}
