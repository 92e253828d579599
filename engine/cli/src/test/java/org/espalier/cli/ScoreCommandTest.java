package org.espalier.cli;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.espalier.Golden;
import org.espalier.importance.Criterion;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScoreCommandTest {

    private static final String MODEL = Golden.resource("gqa").toString();

    @TempDir
    private Path folder;

    private Path ids;

    @BeforeEach
    void write() throws IOException {
        String row = IntStream.range(0, 20)
                .mapToObj(i -> Integer.toString(i * 53 % 256))
                .toList()
                .toString();
        ids = Files.writeString(folder.resolve("ids.json"), "[" + row + ", [5, 4, 3], [250, 1]]");
    }

    /** ExpertCommandTest has the criterion of experts. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "REAP")
    void everyCriterionScoresEveryUnitAndSoAtAnyNumberOfThreads(Criterion scoring) throws IOException {
        String criterion = scoring.toString();
        JsonNode printed = score(criterion, "one", "--threads", "1");
        score(criterion, "two", "--threads", "2");
        assertArrayEquals(Files.readAllBytes(folder.resolve("one")), Files.readAllBytes(folder.resolve("two")));
        JsonNode file = new ObjectMapper().readTree(folder.resolve("one").toFile());
        assertEquals(criterion, file.get("criterion").asText());
        assertEquals(4 * 3, file.get("groups").size());
        assertEquals(
                4 * (2 + 8 + 176),
                file.get("groups")
                        .valueStream()
                        .mapToInt(g -> g.get("scores").size())
                        .sum());
        assertEquals(4 * (2 + 8 + 176), printed.get("units").asInt());
        assertEquals(
                scoring.needsCalibration() ? 3 : 0,
                file.at("/calibration/samples").asInt());
        assertTrue(printed.get("peak_anonymous_bytes").asLong() > 1 << 20, printed::toString);
    }

    @Test
    void wholeLayersAreScoredWithWhatIsInThem() throws IOException {
        score("l2", "blocks", "--units", "attention,mlp,layers", "--block-score", "loss");
        JsonNode groups =
                new ObjectMapper().readTree(folder.resolve("blocks").toFile()).get("groups");
        assertEquals(
                "attention mlp layers",
                groups.valueStream().map(g -> g.get("role").asText()).collect(joining(" ")));
        groups.forEach(group -> assertEquals(4, group.get("scores").size()));
    }

    @Test
    void residualChannelsAreScoredOnRequest() throws IOException {
        score("param_mix", "channels", "--units", "channels");
        JsonNode groups =
                new ObjectMapper().readTree(folder.resolve("channels").toFile()).get("groups");
        assertEquals(1, groups.size());
        assertEquals(64, groups.get(0).get("scores").size());
    }

    @Test
    void whatDoesNotFitInMemoryIsRefusedBeforeTheWork() {
        Path out = folder.resolve("out");
        String printed = Ran.engine(
                        "score", MODEL, "--ids-file", ids.toString(), "--memory", "1m", "--out", out.toString())
                .failure(1);
        assertTrue(printed.contains("1,048,576 may be used"), printed);
        assertFalse(Files.exists(out));
    }

    @Test
    void whatItTakesIsSaidBeforeTheWork() {
        Ran ran = Ran.engine(
                "score",
                MODEL,
                "--ids-file",
                ids.toString(),
                "--out",
                folder.resolve("out").toString());
        assertTrue(ran.output().startsWith("scored 744 units in 12 groups"), ran.out());
        assertTrue(ran.err().matches("engine: scoring will take about \\d+ MB of memory\\R"), ran.err());
    }

    private JsonNode score(String criterion, String out, String... more) throws IOException {
        String[] line = {
            "score",
            MODEL,
            "--criterion",
            criterion,
            "--ids-file",
            ids.toString(),
            "--json",
            "--out",
            folder.resolve(out).toString()
        };
        String[] all = IntStream.range(0, line.length + more.length)
                .mapToObj(i -> i < line.length ? line[i] : more[i - line.length])
                .toArray(String[]::new);
        return new ObjectMapper().readTree(Ran.engine(all).output());
    }
}
