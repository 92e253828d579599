package org.espalier.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.Shared;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model that is written anew keeps what reads and ends its texts. */
class TokenizerFilesTest {

    private static final String GGUF = "smollm2-135m-instruct.Q4_1.gguf";

    @TempDir
    private Path folder;

    @Test
    void thoseOfAFolderAreCopiedAsTheyAre() throws IOException {
        List<String> wanted = List.of("tokenizer.json", "merges.txt", "chat_template.jinja", "generation_config.json");
        for (String name : wanted) {
            Files.writeString(folder.resolve(name), "content of " + name);
        }
        for (String other : List.of("README.md", "model.bin", "plan.json")) {
            Files.writeString(folder.resolve(other), other);
        }
        Files.createDirectory(folder.resolve("vocab.json"));
        Files.writeString(folder.resolve("config.json"), "{}");
        try (Checkpoint checkpoint = Checkpoints.describe(folder)) {
            Map<String, byte[]> files = TokenizerFiles.of(folder, checkpoint);
            assertEquals(Set.copyOf(wanted), files.keySet());
            for (String name : wanted) {
                assertArrayEquals(("content of " + name).getBytes(StandardCharsets.UTF_8), files.get(name), name);
            }
        }
    }

    @Test
    void thoseOfAGgufFileAreMadeFromItsMetadata() throws IOException {
        Path model = Shared.path("models/smollm2-135m").resolve(GGUF);
        try (Checkpoint checkpoint = Checkpoints.open(model)) {
            Map<String, byte[]> files = TokenizerFiles.of(model, checkpoint);
            assertEquals(Set.of("tokenizer.json", "tokenizer_config.json", "generation_config.json"), files.keySet());
            assertGenerationEndsAsTheModelSays(checkpoint, files);
        }
    }

    @Test
    void thoseBesideAGgufFileAreUsedWhereItsFolderWasNamed() throws IOException {
        Path model = Shared.path("models/smollm2-135m");
        try (Checkpoint checkpoint = Checkpoints.open(model)) {
            Map<String, byte[]> files = TokenizerFiles.of(model, checkpoint);
            assertEquals(Set.of("tokenizer.json", "tokenizer_config.json", "generation_config.json"), files.keySet());
            for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
                assertArrayEquals(Files.readAllBytes(model.resolve(name)), files.get(name), name);
            }
            assertGenerationEndsAsTheModelSays(checkpoint, files);
        }
    }

    private static void assertGenerationEndsAsTheModelSays(Checkpoint checkpoint, Map<String, byte[]> files)
            throws IOException {
        assertEquals(
                checkpoint.config().get("eos_token_id").asInt(),
                new ObjectMapper()
                        .readTree(files.get("generation_config.json"))
                        .get("eos_token_id")
                        .asInt(-1));
    }
}
