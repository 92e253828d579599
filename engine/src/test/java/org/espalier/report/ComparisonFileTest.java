package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.espalier.TestFiles;
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
        assertEquals(new String(first, StandardCharsets.UTF_8), Files.readString(file));
    }

    @Test
    void tasksTextsAndHashesAreReadAsTheyWereWritten() {
        Comparison written = Samples.withTasks();
        ComparisonFile.write(written, folder, false);
        Comparison read = ComparisonFile.read(folder.resolve(ComparisonFile.NAME));
        assertEquals(written.stages(), read.stages());
        assertEquals(written.circumstances(), read.circumstances());
        assertEquals(MarkdownReport.text(written), MarkdownReport.text(read));
        JsonNode stage = ComparisonFile.tree(read).at("/stages/1");
        assertEquals(5_590_000_000L, stage.get("macs_64").asLong());
        assertEquals("The capital of France is", stage.at("/texts/0/prompt").asText());
    }

    /** Written by the engine when a stage had a field for every measure. */
    @Test
    void filesOfEarlierRunsAreReadAndStayAsTheyAre() throws IOException {
        Path earlier = TestFiles.resource("report/earlier-run.json");
        Comparison read = ComparisonFile.read(earlier);
        Comparison.Stage pruned = read.stages().get(1);
        assertEquals(
                List.of(
                        "parameters",
                        "MACs per token",
                        "weights",
                        "memory",
                        "prefill",
                        "decode",
                        "perplexity on WikiText2"),
                pruned.measures().stream().map(Measure::name).toList());
        Measure reading = pruned.measures().get(4);
        assertEquals(412.7 / (1 - 0.25 * 0.98), reading.value());
        assertEquals(1 / (1 - 0.25 * 0.98), reading.ratio());
        assertEquals("one prompt of 512 tokens, mean of 5 runs, stages in turns", reading.protocol());
        assertEquals(
                "llm-pruner, 200 × 128 ids, 25,400 predicted",
                pruned.measures().getLast().protocol());
        assertEquals(Map.of("texts", "greedy, 64 tokens"), read.circumstances().protocols());
        ComparisonFile.write(read, folder, false);
        assertEquals(Files.readString(earlier), Files.readString(folder.resolve(ComparisonFile.NAME)));
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
        TextPerplexity nan = new TextPerplexity("gptq", 2048, 1, 2047, Double.NaN);
        assertNull(nan.ppl());
        assertEquals(nan, new TextPerplexity("gptq", 2048, 1, 2047, Double.POSITIVE_INFINITY));
        assertNull(new Comparison.Point(1, Double.NaN).loss());
    }

    @Test
    void aTitleAndAStageAreEnough() throws IOException {
        Path file = Files.writeString(folder.resolve("c.json"), """
                {"format_version": 1, "title": "t", "stages": [{"name": "dense"}]}""");
        Comparison comparison = ComparisonFile.read(file);
        assertEquals("dense", comparison.stages().getFirst().name());
        assertTrue(comparison.circumstances().protocols().isEmpty());
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
                        "{\"format_version\": 1, \"title\": \"t\", \"stages\": [], \"surprise\": 1}",
                        stage("\"perplexities\": 1"),
                        stage("\"perplexities\": {\"x\": {\"protocol\": \"gptq\", \"ppl\": 1}}"),
                        stage("\"measures\": 1"),
                        stage("\"measures\": [null]"),
                        measure("\"value\": 1, \"unit\": \"number\", \"direction\": \"less\""),
                        measure("\"name\": \"x\", \"value\": 1, \"direction\": \"less\""),
                        measure("\"name\": \"x\", \"value\": 1, \"unit\": \"furlongs\", \"direction\": \"less\""),
                        measure("\"name\": \"x\", \"value\": 1, \"unit\": 0, \"direction\": \"less\""),
                        measure("\"name\": \"x\", \"value\": 1, \"unit\": \"number\", \"direction\": null"),
                        measure("\"name\": \"x\", \"value\": \"y\", \"unit\": \"number\", \"direction\": \"less\""),
                        measure("\"name\": \"x\", \"unit\": \"number\", \"direction\": \"less\", "
                                + "\"settings\": {\"items\": null}"),
                        stage("\"held_out_loss\": 1, \"measures\": [{\"name\": \"held-out loss\", \"value\": 1, "
                                + "\"unit\": \"nats\", \"direction\": \"less\"}]"))
                .map(text -> DynamicTest.dynamicTest(text, () -> {
                    Path file = Files.writeString(folder.resolve("c.json"), text);
                    Failure failure = assertThrows(Failure.class, () -> ComparisonFile.read(file));
                    assertEquals(1, failure.oneLine().lines().count());
                    assertTrue(failure.oneLine().contains("c.json"), failure.oneLine());
                    assertFalse(failure.oneLine().contains("null)"), failure.oneLine());
                }));
    }

    private static String stage(String keys) {
        return "{\"format_version\": 1, \"title\": \"t\", \"stages\": [{\"name\": \"a\", %s}]}".formatted(keys);
    }

    private static String measure(String keys) {
        return stage("\"measures\": [{%s}]".formatted(keys));
    }
}
