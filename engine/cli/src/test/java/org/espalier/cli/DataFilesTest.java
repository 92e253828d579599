package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.job.DemoModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files with data of users, that are not what the command reads. */
class DataFilesTest {

    private static final String GIVEN = "the fox ran to the big red house and saw the old dog there";

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        DemoModel.writeTo(folder.resolve("model"));
    }

    @Test
    void aTableIsNoTextToCalibrateOrMeasureOn() throws IOException {
        Files.writeString(folder.resolve("x.csv"), "text,label\n" + GIVEN + ",1\n");
        for (String command : List.of(
                "score @/model --criterion wanda --calibration @/x.csv --out @/s.json",
                "prune @/model --ratio 0.2 --calibration @/x.csv --out @/p",
                "tune @/model --data @/x.csv --out @/a",
                "eval ppl @/model --data @/x.csv",
                "run @/model --calibration @/x.csv --data @/x.csv --ratio 0.2 --out @/r")) {
            String line = Refusal.of(folder, Refusal.FAILED, command);
            assertTrue(line.startsWith("engine: this is a CSV table, not plain text ("), line);
        }
        assertTrue(Refusal.of(folder, Refusal.FAILED, "tune @/model --data @/x.csv --out @/a")
                .contains("--format jsonl"));
        Ran named = Ran.engine(
                "eval",
                "ppl",
                "" + folder.resolve("model"),
                "--data",
                "" + folder.resolve("x.csv"),
                "--format",
                "text",
                "--seq-len",
                "8");
        assertEquals(0, named.status(), named.err());
    }

    @Test
    void aBrokenRecordIsNamedOrLeftOut() throws IOException {
        List<String> good = new ArrayList<>();
        List<String> mixed = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            String record = "{\"text\": \"%s %d\"}".formatted(GIVEN, i);
            good.add(record);
            mixed.add(record);
            if (i % 4 == 1) {
                mixed.add(record.substring(0, 20));
            }
        }
        Files.write(folder.resolve("good.jsonl"), good);
        Files.write(folder.resolve("mixed.jsonl"), mixed);
        String line = Refusal.of(folder, Refusal.FAILED, "tune @/model --data @/mixed.jsonl --out @/a");
        assertTrue(line.contains("mixed.jsonl, line 3)") && line.endsWith("--skip-broken"), line);

        Ran skipped = tune("mixed.jsonl", "a", "--skip-broken");
        JsonNode json = new ObjectMapper().readTree(skipped.output());
        assertEquals(3, json.get("skipped_broken").intValue());
        assertTrue(skipped.err().contains("mixed.jsonl, line 8)"), skipped.err());
        assertTrue(skipped.err().contains("engine: 3 broken records were left out ("), skipped.err());
        assertEquals(
                0,
                new ObjectMapper()
                        .readTree(tune("good.jsonl", "b").output())
                        .get("skipped_broken")
                        .intValue());
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("b/adapter_model.safetensors")),
                Files.readAllBytes(folder.resolve("a/adapter_model.safetensors")));
    }

    private Ran tune(String data, String out, String... more) {
        List<String> words = new ArrayList<>(List.of(
                "tune",
                "" + folder.resolve("model"),
                "--data",
                "" + folder.resolve(data),
                "--out",
                "" + folder.resolve(out),
                "--held-out",
                "2",
                "--rank",
                "2",
                "--json"));
        words.addAll(List.of(more));
        return Ran.engine(words.toArray(String[]::new));
    }
}
