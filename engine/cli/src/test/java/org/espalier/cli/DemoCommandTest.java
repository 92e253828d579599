package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.espalier.TestFiles;
import org.espalier.file.Replacement;
import org.espalier.job.DemoModel;
import org.espalier.report.Pages;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class DemoCommandTest {

    @TempDir
    private Path temp;

    @Test
    void theModelIsPrunedAndTrainedBack() throws IOException {
        Path out = temp.resolve("demo");
        JsonNode result = new ObjectMapper()
                .readTree(Ran.engine("demo", "--out", out.toString(), "--stories", "80", "--json")
                        .output());
        assertEquals(
                List.of(
                        "adapter",
                        "calibration.txt",
                        "comparison.json",
                        "espalier-stories",
                        "pruned",
                        "recovered",
                        "report.html",
                        "report.md",
                        "training.txt",
                        "unseen.txt"),
                TestFiles.names(out));
        assertEquals(List.of("demo"), TestFiles.names(temp));
        Replacement.requireOwn(out);
        JsonNode stages = result.get("stages");
        assertEquals(
                List.of("dense", "pruned", "recovered"),
                stages.valueStream().map(s -> s.get("name").asText()).toList());
        long dense = stages.at("/0/parameters").asLong();
        assertEquals(1_263_232, dense);
        // Neurons go 32 at a time, each with 3 rows or columns of 128: as near to a half as that comes.
        assertEquals(0.5 * dense, stages.at("/1/parameters").asDouble(), 32 * 3 * 128 / 2.0);
        double[] perplexities = stages.valueStream()
                .mapToDouble(s -> s.at("/perplexities/unseen stories/ppl").asDouble())
                .toArray();
        assertEquals(1.2146, perplexities[0], 1e-3);
        // Anyone sees the loss, and that training takes most of it back.
        assertTrue(perplexities[1] > 1.5 * perplexities[0], result::toString);
        assertTrue(perplexities[2] - perplexities[0] < 0.5 * (perplexities[1] - perplexities[0]), result::toString);
        assertEquals(
                "KL divergence on unseen stories",
                stages.at("/2/measures/0/name").asText());
        double[] divergences = {
            stages.at("/1/measures/0/value").asDouble(),
            stages.at("/2/measures/0/value").asDouble()
        };
        assertTrue(divergences[1] > 0 && divergences[1] < divergences[0], result::toString);
        stages.forEach(stage -> assertTrue(stage.get("text").asText().length() > 20, stage::toString));
        Document page = Pages.parse(Files.readString(out.resolve("report.html")));
        assertEquals(List.of("espalier-stories, 49.6 % smaller"), Pages.text(page, "h1"));
        noStoryServesTwice(out);
    }

    /** A story that is trained on or calibrated on would not show anything when it is measured on. */
    private static void noStoryServesTwice(Path out) throws IOException {
        Set<String> all = new HashSet<>();
        int count = 0;
        for (String file : List.of("calibration.txt", "training.txt", "unseen.txt")) {
            List<String> stories = Files.readAllLines(out.resolve(file));
            count += stories.size();
            all.addAll(stories);
        }
        assertEquals(count, all.size());
        // The model itself was made from the first ones of this seed.
        assertTrue(DemoModel.stories(42, 30_000).stream().noneMatch(all::contains));
    }
}
