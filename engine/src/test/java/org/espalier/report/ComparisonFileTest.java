package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ComparisonFileTest {

    @TempDir
    private Path folder;

    @Test
    void whatIsReadIsWhatWasWritten() throws IOException {
        Comparison written = Samples.sixLayers();
        ComparisonFile.write(written, folder, false);
        Path file = folder.resolve(ComparisonFile.NAME);
        Comparison read = ComparisonFile.read(file);
        assertEquals(ComparisonFile.tree(written), ComparisonFile.tree(read));
        assertEquals(written.stages(), read.stages());
        assertEquals(written.training(), read.training());
        byte[] first = Files.readAllBytes(file);
        ComparisonFile.write(read, folder, true);
        assertEquals(new String(first), Files.readString(file));
    }

    @Test
    void keysAreInSnakeCase() {
        for (JsonNode node : List.of(
                ComparisonFile.tree(Samples.sixLayers()),
                ComparisonFile.tree(Samples.sixLayers()).at("/stages/0"),
                ComparisonFile.tree(Samples.sixLayers()).at("/training"))) {
            node.fieldNames().forEachRemaining(name -> assertTrue(name.matches("[a-z_]+"), name));
        }
    }

    @Test
    void whatIsNotFiniteIsNull() throws IOException {
        Comparison.Perplexity nan = new Comparison.Perplexity("gptq", 2048, 1, 2047, Double.NaN);
        assertNull(nan.ppl());
        assertEquals(nan, new Comparison.Perplexity("gptq", 2048, 1, 2047, Double.POSITIVE_INFINITY));
        assertNull(new Comparison.Point(1, Double.NaN).loss());
    }

    @Test
    void aTitleAndAStageAreEnough() throws IOException {
        Path file = Files.writeString(folder.resolve("c.json"), """
                {"format_version": 1, "title": "t", "stages": [{"name": "dense"}]}""");
        Comparison comparison = ComparisonFile.read(file);
        assertEquals("dense", comparison.stages().getFirst().name());
        assertTrue(comparison.protocols().isEmpty());
        assertNull(comparison.training());
    }

    @TestFactory
    Stream<DynamicTest> refusesWithOneLine() {
        return Stream.of(
                        "{}",
                        "[]",
                        "{",
                        "{\"format_version\": 2, \"title\": \"t\", \"stages\": []}",
                        "{\"format_version\": 1, \"title\": null, \"stages\": []}",
                        "{\"format_version\": 1, \"title\": \"t\", \"stages\": [null]}",
                        "{\"format_version\": 1, \"title\": \"t\", \"stages\": [{\"name\": null}]}",
                        "{\"format_version\": 1, \"title\": \"t\", \"stages\": [{\"name\": \"a\", \"parameters\": \"many\"}]}",
                        "{\"format_version\": 1, \"title\": \"t\", \"stages\": [{\"name\": \"a\", \"perplexities\": {\"x\": null}}]}",
                        "{\"format_version\": 1, \"title\": \"t\", \"stages\": [], \"training\": {\"steps\": 1, \"losses\": [null]}}",
                        "{\"format_version\": 1, \"title\": \"t\", \"stages\": [], \"surprise\": 1}")
                .map(text -> DynamicTest.dynamicTest(text, () -> {
                    Path file = Files.writeString(folder.resolve("c.json"), text);
                    Failure failure = assertThrows(Failure.class, () -> ComparisonFile.read(file));
                    assertEquals(1, failure.oneLine().lines().count());
                    assertTrue(failure.oneLine().contains("c.json"), failure.oneLine());
                    assertFalse(failure.oneLine().contains("null)"), failure.oneLine());
                }));
    }
}
