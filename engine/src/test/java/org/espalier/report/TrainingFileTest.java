package org.espalier.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.report.Comparison.Point;
import org.espalier.report.Comparison.Training;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingFileTest {

    private static final TrainingFile WHOLE = new TrainingFile(
            new TrainingFile.Origin(
                    "pruned",
                    new TrainingFile.Data("alpaca.json", "ab".repeat(32), "alpaca", 2000, 219_000, 200, 3, 1, null),
                    new TrainingFile.Settings(
                            "standard",
                            new AdapterSizes(8, 16, 0.05, false),
                            new TrainingFile.Rate(3e-4, 2),
                            new TrainingFile.Batches(1, 64, 4, 256, null, null),
                            new TrainingFile.Looks(8, null),
                            null,
                            42),
                    new TrainingFile.Teaching("dense", "09".repeat(32), 0.9),
                    new Computer("cpu", "float32", "amd64 avx2"),
                    new TrainingFile.Hashes("cd".repeat(32), "ef".repeat(32), null, null, null)),
            new Training(
                    2,
                    3e-4,
                    2000,
                    List.of(new Point(1, 0.1 + 0.2), new Point(2, 1 / 3.0)),
                    List.of(new Point(0, 3.25)),
                    12.5,
                    180.0));

    @TempDir
    private Path folder;

    @Test
    void everythingComesBackToTheBit() throws IOException {
        WHOLE.writeInto(folder);
        assertEquals(WHOLE, TrainingFile.read(folder));
    }

    @Test
    void whatComputesOtherwiseIsNamed() {
        Computer computer = new Computer("cpu", "float32", "amd64 avx2");
        assertEquals(Optional.empty(), computer.difference(new Computer("cpu", "float32", "amd64 avx2")));
        assertEquals(
                Optional.of("device: cuda there, cpu now"),
                computer.difference(new Computer("cuda", "float32", "A100")));
        assertEquals(
                Optional.of("precision: tf32 there, float32 now"),
                computer.difference(new Computer("cpu", "tf32", "amd64 avx2")));
        assertEquals(
                Optional.of("kind of processor: amd64 there, amd64 avx2 now"),
                computer.difference(new Computer("cpu", "float32", "amd64")));
    }

    @Test
    void whatIsNoRecordIsRefusedInOneLine() throws IOException {
        refused("");
        WHOLE.writeInto(folder);
        String text = Files.readString(folder.resolve(TrainingFile.NAME));
        for (String damaged : List.of(
                "[]",
                "{}",
                text.substring(0, 100),
                text.replace("\"rank\" : 8", "\"rank\" : \"x\""),
                text.replace("\"format_version\" : 1", "\"format_version\" : 2"),
                "{\"format_version\": 1, \"training\": null}",
                text.replace("\"steps\"", "\"stages\""))) {
            Files.writeString(folder.resolve(TrainingFile.NAME), damaged);
            refused(damaged);
        }
    }

    /** Earlier versions wrote no hashes. */
    @Test
    void filesOfEarlierVersionsAreRead() throws IOException {
        WHOLE.writeInto(folder);
        Path file = folder.resolve(TrainingFile.NAME);
        ObjectNode tree = Json.readObject(file);
        tree.remove("hashes");
        ((ObjectNode) tree.get("settings")).remove("norms");
        Files.write(file, Json.toBytes(tree));
        assertEquals(WHOLE.training(), TrainingFile.read(folder).training());
    }

    private void refused(String content) {
        String line = assertThrows(Failure.class, () -> TrainingFile.read(folder), content)
                .oneLine();
        assertTrue(line.contains(TrainingFile.NAME) && line.lines().count() == 1, line);
    }
}
