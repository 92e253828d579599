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
import org.espalier.job.DemoModel;
import org.espalier.report.Pages;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class ReportCommandTest {

    @TempDir
    private Path temp;

    private Path pruned;
    private Path page;

    @BeforeEach
    void prune() throws IOException {
        DemoModel.writeTo(temp.resolve("demo"));
        pruned = temp.resolve("pruned");
        page = temp.resolve("page.html");
        Ran.engine("prune", temp.resolve("demo").toString(), "--criterion", "l2", "--out", pruned.toString())
                .output();
    }

    private Document report(String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("report", "--out", page.toString()));
        arguments.addAll(List.of(more));
        Ran.engine(arguments.toArray(String[]::new)).output();
        return Pages.parse(Files.readString(page));
    }

    @Test
    void aPrunedFolderShowsItsPlanAndScores() throws IOException {
        Document shown = report(pruned.toString());
        assertEquals(List.of("demo, 20.4 % smaller"), Pages.text(shown, "h1"));
        JsonNode info = new ObjectMapper()
                .readTree(Ran.engine("info", pruned.toString(), "--json").output());
        String rows = String.join("\n", Pages.text(shown, "tr"));
        assertTrue(
                rows.contains(
                        "1,263,232" + "%,d".formatted(info.get("parameters").asLong())),
                rows);
        List<String> headings = Pages.text(shown, "h2");
        assertEquals(
                List.of(
                        "Measured",
                        "What each layer keeps",
                        "Importance in each layer",
                        "How this was made and measured"),
                headings);
        String second = "Layer 1: %d of "
                .formatted(info.get("intermediate_sizes").get(1).asInt());
        assertTrue(Pages.text(shown, "desc").stream().anyMatch(d -> d.contains(second)), second);
    }

    @Test
    void aPlanAloneIsEnough() throws IOException {
        Path alone = Files.createDirectory(temp.resolve("alone"));
        Files.copy(pruned.resolve("plan.json"), alone.resolve("plan.json"));
        Document shown = report(alone.toString());
        assertEquals(List.of("Measured", "How this was made and measured"), Pages.text(shown, "h2"));
    }

    @Test
    void anAdaptersFolderShowsItsTraining() throws IOException {
        Path stories = Files.write(temp.resolve("stories.txt"), DemoModel.stories(1, 12));
        Path adapter = temp.resolve("adapter");
        Ran.engine(
                        "tune",
                        pruned.toString(),
                        "--data",
                        stories.toString(),
                        "--batch-size",
                        "4",
                        "--out",
                        adapter.toString())
                .output();
        Document shown = report(adapter.toString());
        assertEquals(List.of("Adapter for " + pruned), Pages.text(shown, "h1"));
        assertEquals(
                List.of("Measured", "Loss while training", "How this was made and measured"), Pages.text(shown, "h2"));
        assertTrue(Pages.text(shown, "dd").stream().anyMatch(d -> d.startsWith("stories.txt, read as text, SHA-256 ")));
    }

    @Test
    void severalFoldersAreCompared() throws IOException {
        Ran ran = Ran.engine("report", pruned.toString(), pruned.toString(), "--out", page.toString(), "--json");
        JsonNode result = new ObjectMapper().readTree(ran.output());
        assertEquals(page.toString(), result.get("out").asText());
        assertEquals(2, result.get("runs").size());
        Document shown = Pages.parse(Files.readString(page));
        assertEquals(List.of("2 runs compared"), Pages.text(shown, "h1"));
        assertEquals(2, Pages.all(shown, "article").size());
    }

    @Test
    void whatIsNoRunIsRefusedAndNothingWritten() throws IOException {
        Path empty = Files.createDirectory(temp.resolve("empty"));
        String printed = Ran.engine("report", pruned.toString(), empty.toString(), "--out", page.toString())
                .failure(1);
        assertTrue(
                printed.startsWith(
                        "engine: holds no run (" + empty + "): name a folder with comparison.json, plan.json or "),
                printed);
        Files.writeString(pruned.resolve("scores.json"), "{\"format_version\": 1}");
        printed = Ran.engine("report", pruned.toString(), "--out", page.toString())
                .failure(1);
        assertTrue(printed.startsWith("engine: not a file of scores: "), printed);
        assertFalse(Files.exists(page));
    }

    @Test
    void whatExistsIsKeptUnlessForced() throws IOException {
        Files.writeString(page, "mine");
        Ran.engine("report", pruned.toString(), "--out", page.toString()).failure(1);
        assertEquals("mine", Files.readString(page));
        report(pruned.toString(), "--force");
    }
}
