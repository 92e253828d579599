package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.Shared;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code engine eval zero-shot} from the command line. */
class ZeroShotCommandTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    private Path folder;

    private static Ran run(String... more) {
        List<String> line = new ArrayList<>(List.of(
                "eval",
                "zero-shot",
                Shared.path("models/stories260K").toString(),
                "--data-dir",
                Shared.path("data").toString()));
        line.addAll(List.of(more));
        return Ran.engine(line.toArray(String[]::new));
    }

    @Test
    void whatEveryTaskReachesIsPrinted() throws IOException {
        Path samples = folder.resolve("answers.jsonl");
        JsonNode result = MAPPER.readTree(
                run("--tasks", "arc_easy,boolq", "--limit", "20", "--samples", samples.toString(), "--json")
                        .output());
        JsonNode easy = result.at("/tasks/arc_easy");
        assertEquals(20, easy.get("n").asInt());
        assertTrue(
                easy.get("acc").asDouble() <= 1 && easy.get("acc_norm_stderr").asDouble() > 0, result::toString);
        assertEquals("current", result.get("harness").asText());
        assertEquals(
                (easy.get("acc").asDouble() + result.at("/tasks/boolq/acc").asDouble()) / 2,
                result.get("average").asDouble(),
                1e-12);
        List<String> lines = Files.readAllLines(samples);
        assertEquals(40, lines.size());
        JsonNode first = MAPPER.readTree(lines.getFirst());
        assertEquals("arc_easy", first.get("task").asText());
        assertEquals(4, first.get("logprobs").size());
        assertTrue(first.has("index") && first.has("chosen") && first.has("chosen_norm") && first.has("target"));
        long right = lines.stream()
                .limit(20)
                .filter(line -> line.matches(".*\"chosen\":(\\d+),.*\"target\":\\1,.*"))
                .count();
        assertEquals(right / 20.0, easy.get("acc").asDouble(), 1e-12);
        String table = run("--tasks", "arc_easy", "--limit", "2", "--harness", "legacy")
                .output();
        assertTrue(table.contains("ARC-easy") && table.contains(" ± ") && table.contains("average"), table);
        String single = run("--tasks", "arc_easy", "--limit", "1").output();
        assertFalse(single.contains("NaN") || single.contains("±"), single);
    }

    @Test
    void wrongUsageIsOneLine() {
        assertEquals(2, run("--resume").status());
        assertEquals(2, run("--limit", "0").status());
        assertEquals(2, run("--harness", "newest").status());
        String unknown = run("--tasks", "nothing").failure(1);
        assertTrue(unknown.contains("there is no task 'nothing'"), unknown);
        Ran noData = Ran.engine(
                "eval", "zero-shot", Shared.path("models/stories260K").toString(), "--data-dir", folder.toString());
        String missing = noData.failure(1);
        assertTrue(missing.contains("no data of the task boolq"), missing);
    }
}
