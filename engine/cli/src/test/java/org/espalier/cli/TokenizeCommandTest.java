package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.Shared;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizeCommandTest {

    @TempDir
    private Path folder;

    @Test
    void beginTokenIsThereUnlessRefused() throws IOException {
        String model = Shared.path("models/stories260K").toString();
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine("tokenize", model, "--text", "Once upon a time", "--json")
                        .output());
        assertEquals("[1,403,407,261,378]", json.get("ids").toString());
        assertEquals(
                "403 407 261 378",
                Ran.engine("tokenize", model, "--text", "Once upon a time", "--no-special")
                        .output()
                        .strip());
    }

    @Test
    void fileGivesWhatTheSameTextGives() throws IOException {
        String model = Shared.path("models/smollm2-135m").toString();
        String text = "Füße <|im_start|> @x\n";
        Path file = Files.writeString(folder.resolve("text"), text);
        String fromFile = Ran.engine("tokenize", model, "--file", file.toString(), "--json")
                .output();
        assertEquals(Ran.engine("tokenize", model, "--text", text, "--json").output(), fromFile);
        assertEquals(text, new ObjectMapper().readTree(fromFile).get("text").asText());
    }

    /** An argument that begins with an at sign is a text, not a file of arguments. */
    @Test
    void atSignsAreText() throws IOException {
        String model = Shared.path("models/smollm2-135m").toString();
        Path file = Files.writeString(folder.resolve("arguments"), "surprise");
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine("tokenize", model, "--text", "@" + file, "--json")
                        .output());
        assertEquals("@" + file, json.get("text").asText());
    }

    @Test
    void emptyTextHasNoTokensOfItsOwn() throws IOException {
        String model = Shared.path("models/smollm2-135m").toString();
        assertEquals(
                "{\"ids\":[],\"text\":\"\"}",
                Ran.engine("tokenize", model, "--text", "", "--json").output().strip());
    }
}
