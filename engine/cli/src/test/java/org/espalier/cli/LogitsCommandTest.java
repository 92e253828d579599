package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.espalier.Golden;
import org.espalier.TestFiles;
import org.espalier.format.SafetensorsFile;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogitsCommandTest {

    private static final JsonNode FIGURES = Golden.json(Golden.resource("figures.json"));

    @TempDir
    private Path folder;

    /** The file holds float32, so that the reference cannot be nearer than half its last place. */
    @ParameterizedTest
    @CsvSource({"mha, reference, 1e-6", "gqa, cpu, 1e-4"})
    void writesTheGoldenLogits(String model, String backend, double tolerance) throws IOException {
        String ids = FIGURES.get("calib_ids").get(0).toString();
        Path idsFile = Files.writeString(folder.resolve("ids.json"), ids);
        Path out = folder.resolve("logits.safetensors");
        String json = Ran.engine(
                        "logits",
                        Golden.resource(model).toString(),
                        "--ids-file",
                        idsFile.toString(),
                        "--out",
                        out.toString(),
                        "--backend",
                        backend,
                        "--json")
                .output();
        assertEquals("{\"tokens\":64,\"vocab_size\":256}", json.strip());
        try (SafetensorsFile file = SafetensorsFile.open(out)) {
            assertEquals(DType.F32, file.tensors().get("logits").type());
            assertEquals(Shape.of(64, 256), file.tensors().get("logits").shape());
            double[] logits = Golden.doubles(file, "logits");
            FIGURES.get(model).get("logits").properties().forEach(row -> {
                int start = Integer.parseInt(row.getKey()) * 256;
                Golden.assertClose(
                        Golden.doubles(row.getValue()),
                        Arrays.copyOfRange(logits, start, start + 256),
                        tolerance,
                        "logits of token " + row.getKey());
            });
        }
    }

    @Test
    void existingOutputStaysUnlessForced() throws IOException {
        Path out = Files.writeString(folder.resolve("logits.safetensors"), "precious");
        String[] line = {"logits", Golden.resource("mha").toString(), "--ids", "1,2,3", "--out", out.toString()};
        assertTrue(Ran.engine(line).failure(1).contains("--force"));
        assertEquals("precious", Files.readString(out));
        String[] forced = Arrays.copyOf(line, line.length + 1);
        forced[line.length] = "--force";
        Ran.engine(forced).output();
        try (SafetensorsFile file = SafetensorsFile.open(out)) {
            assertEquals(Shape.of(3, 256), file.tensors().get("logits").shape());
        }
    }

    @Test
    void idOutsideTheVocabularyIsAFailureThatLeavesNothing() {
        Path out = folder.resolve("logits.safetensors");
        String printed = Ran.engine(
                        "logits", Golden.resource("mha").toString(), "--ids", "1,256", "--out", out.toString())
                .failure(1);
        assertTrue(printed.contains("256"), printed);
        assertEquals(List.of(), TestFiles.names(folder));
    }
}
