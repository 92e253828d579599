package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.TestFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConvertCommandTest {

    @TempDir
    private Path folder;

    @Test
    void typeIsChangedAndTheModelOpensAgain() throws IOException {
        Path out = folder.resolve("out");
        Ran.engine("convert", Golden.resource("gqa").toString(), "--out", out.toString(), "--dtype", "bf16")
                .output();
        JsonNode before = json("info", Golden.resource("gqa").toString());
        JsonNode after = json("info", out.toString());
        assertEquals(before.get("parameters"), after.get("parameters"));
        assertEquals(
                before.get("weight_bytes").asLong() / 2,
                after.get("weight_bytes").asLong());
        assertEquals(after.get("parameters"), after.at("/dtypes/bf16"));
    }

    @Test
    void existingOutputStaysUnlessForced() throws IOException {
        Path out = Files.createDirectory(folder.resolve("out"));
        Files.writeString(out.resolve("config.json"), "x");
        String printed = Ran.engine("convert", Golden.resource("mha").toString(), "--out", out.toString())
                .failure(1);
        assertTrue(printed.contains("--force"), printed);
        assertEquals(List.of("config.json"), TestFiles.names(out));
        Ran.engine("convert", Golden.resource("mha").toString(), "--out", out.toString(), "--force")
                .output();
        assertTrue(TestFiles.names(out).contains("model.safetensors"));
    }

    @Test
    void ggufBecomesAFolderWithItsTokenizer() throws IOException {
        String gguf = Shared.path("models/smollm2-135m/smollm2-135m-instruct.Q4_1.gguf")
                .toString();
        Path out = folder.resolve("out");
        assertEquals(
                272,
                json("convert", gguf, "--out", out.toString(), "--dtype", "f16")
                        .get("tensors")
                        .asInt());
        String text = "Let's prune 12 hedges.<|im_end|>";
        assertEquals(
                Ran.engine("tokenize", gguf, "--text", text).output(),
                Ran.engine("tokenize", out.toString(), "--text", text).output());
    }

    private static JsonNode json(String... arguments) throws IOException {
        String[] line = Arrays.copyOf(arguments, arguments.length + 1);
        line[arguments.length] = "--json";
        return new ObjectMapper().readTree(Ran.engine(line).output());
    }
}
