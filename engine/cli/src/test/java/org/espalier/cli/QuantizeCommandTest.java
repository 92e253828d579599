package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.TestFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizeCommandTest {

    @TempDir
    private Path folder;

    @Test
    void saysWhatItCosts() throws IOException {
        Path out = folder.resolve("out.gguf");
        String text = Shared.path("data/tinystories/recovery.txt").toString();
        JsonNode json = new ObjectMapper()
                .readTree(Ran.engine(
                                "quantize",
                                Shared.path("models/stories260K").toString(),
                                "--dtype",
                                "q8_0",
                                "--calibration",
                                text,
                                "--samples",
                                "4",
                                "--out",
                                out.toString(),
                                "--json")
                        .output());
        assertEquals(1040128, json.get("weight_bytes_before").asLong());
        assertEquals(329952, json.get("weight_bytes_after").asLong());
        assertEquals(36, json.get("quantized_tensors").asInt());
        assertTrue(json.get("weight_error").asDouble() > 1e-4);
        assertTrue(json.get("worst_weight_error").asDouble()
                >= json.get("weight_error").asDouble());
        assertEquals(4 * 127, json.get("tokens").asInt());
        assertEquals(
                json.get("ppl_ratio").asDouble(),
                json.get("ppl_after").asDouble() / json.get("ppl_before").asDouble(),
                1e-9);
        assertTrue(json.get("kl_mean").asDouble() > 0);
    }

    @Test
    void withoutTextsItSpeaksOfWeightsAlone() {
        String printed = Ran.engine(
                        "quantize",
                        Golden.resource("mha").toString(),
                        "--dtype",
                        "int8-row",
                        "--out",
                        folder.resolve("out").toString())
                .output();
        assertTrue(printed.contains("as int8-row"), printed);
        assertTrue(printed.contains("weights lose 0."), printed);
        assertTrue(!printed.contains("perplexity"), printed);
    }

    @Test
    void formsAreRefusedWhereTheyDoNotGo() throws IOException {
        String model = Golden.resource("mha").toString();
        String out = folder.resolve("out").toString();
        String printed =
                Ran.engine("quantize", model, "--dtype", "q4_k_m", "--out", out).failure(2);
        assertTrue(printed.contains("--out must name a .gguf file for q4_k_m, not out"), printed);
        assertTrue(Ran.engine("quantize", model, "--dtype", "q3_k", "--out", out)
                .failure(2)
                .contains("INT8_ROW, int8-row]"));
        Files.writeString(folder.resolve("out.gguf"), "x");
        assertTrue(Ran.engine("quantize", model, "--dtype", "q8_0", "--out", out + ".gguf")
                .failure(1)
                .contains("--force"));
        assertEquals(List.of("out.gguf"), TestFiles.names(folder));
    }
}
