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
import org.espalier.Golden;
import org.espalier.file.Sha256;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code engine widths}, and plans that are made by its table, for a ratio and for other targets. */
class WidthsCommandTest {

    private static final String MODEL = Golden.resource("gqa").toString();

    @TempDir
    private Path folder;

    @BeforeEach
    void score() throws IOException {
        Files.writeString(
                folder.resolve("ids.json"), "[[1, 54, 107, 160, 213, 10, 63, 116], [5, 4, 3], [250, 1, 7, 9]]");
        Ran.engine("score", MODEL, "--criterion", "l2", "--out", at("scores.json"))
                .output();
    }

    private String at(String name) {
        return folder.resolve(name).toString();
    }

    private JsonNode run(String line) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                line.replace("@", folder.toString()).replace("MODEL", MODEL).split(" ")));
        arguments.add("--json");
        return new ObjectMapper()
                .readTree(Ran.engine(arguments.toArray(String[]::new)).output());
    }

    private String refused(int status, String line) throws IOException {
        return Refusal.of(folder, status, line.replace("MODEL", MODEL));
    }

    private JsonNode measured(String name, String more) throws IOException {
        return run("widths MODEL --scores @/scores.json --ids-file @/ids.json --out @/" + name + more);
    }

    private JsonNode plan(String name, String more) throws IOException {
        return run("plan MODEL --scores @/scores.json --out @/" + name + " " + more);
    }

    @Test
    void theSameTableAtAnyNumberOfThreadsAndTheSamePlanOfIt() throws IOException {
        JsonNode said = measured("widths.json", "");
        measured("again.json", " --threads 1 --memory 1m");
        byte[] table = Files.readAllBytes(folder.resolve("widths.json"));
        assertArrayEquals(table, Files.readAllBytes(folder.resolve("again.json")));
        assertEquals(Sha256.ofBytes(table), said.get("sha256").asText());
        JsonNode read = new ObjectMapper().readTree(table);
        assertEquals(said.get("groups").asInt(), read.get("groups").size());
        assertEquals(12, read.get("tokens").asInt(), "all but the last of each sequence");
        assertEquals(
                Sha256.ofFile(folder.resolve("scores.json")),
                read.get("scores_sha256").asText());

        JsonNode planned = plan("plan.json", "--widths @/widths.json --ratio 0.2");
        plan("same.json", "--widths @/again.json --ratio 0.2");
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("plan.json")), Files.readAllBytes(folder.resolve("same.json")));
        assertTrue(planned.at("/widths/divergence").asDouble() > 0, planned::toString);
        JsonNode plan = Golden.json(folder.resolve("plan.json"));
        assertEquals("divergence", plan.get("scope").asText());
        assertEquals(said.get("sha256"), plan.at("/widths/sha256"));
        assertTrue(planned.get("ratio").asDouble() >= 0.2);
    }

    /** What {@code engine info} counts of the model that a plan leaves is no more than it may be. */
    @Test
    void targetsAreMetByWhatIsLeft() throws IOException {
        measured("widths.json", " --units neurons,query_heads,attention,mlp --levels 3");
        long bytes = run("info MODEL").get("weight_bytes").asLong();
        for (String scope : List.of("--scope local", "--scope global", "--widths @/widths.json")) {
            JsonNode macs = plan("macs.json", "--target macs=0.8x --force " + scope);
            assertTrue(macs.at("/target/after").asDouble()
                    <= 0.8 * macs.at("/target/before").asDouble());
            JsonNode left = compacted("macs.json");
            assertEquals(macs.at("/target/after").asLong(), left.get("macs_64").asLong(), scope);

            JsonNode memory = plan("memory.json", "--target memory=0.75x --force " + scope);
            assertEquals(bytes, memory.at("/target/before").asLong());
            assertEquals(
                    memory.at("/target/after").asLong(),
                    compacted("memory.json").get("weight_bytes").asLong());
            assertTrue(memory.at("/target/after").asDouble() <= 0.75 * bytes);
        }
        JsonNode cached = plan("cached.json", "--target memory=0.9x --context 64 --widths @/widths.json");
        JsonNode left = compacted("cached.json");
        assertEquals(
                cached.at("/target/after").asLong(),
                left.get("weight_bytes").asLong()
                        + 64 * left.get("cache_bytes_per_token").asLong());
    }

    private JsonNode compacted(String plan) throws IOException {
        Ran.engine("compact", MODEL, "--plan", at(plan), "--out", at("cut"), "--force")
                .output();
        return run("info @/cut");
    }

    @Test
    void pruneMeasuresByItself() throws IOException {
        String prune = "prune MODEL --ids-file @/ids.json --criterion l2 --target macs=0.8x --scope divergence ";
        JsonNode pruned = run(prune + "--out @/pruned");
        assertEquals("macs", pruned.at("/target/quantity").asText());
        assertEquals(
                Sha256.ofFile(folder.resolve("pruned/widths.json")),
                pruned.at("/widths/sha256").asText());
        run(prune + "--widths @/pruned/widths.json --out @/again");
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("pruned/plan.json")),
                Files.readAllBytes(folder.resolve("again/plan.json")));
    }

    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        measured("widths.json", "");
        String plan = "plan MODEL --scores @/scores.json --out @/plan.json ";
        assertStarts("only ", refused(1, plan + "--widths @/widths.json --target macs=0.01x"));
        assertStarts("the model needs no more than that", refused(1, plan + "--target memory=9g"));
        Ran.engine("score", MODEL, "--criterion", "l1", "--out", at("other.json"))
                .output();
        assertStarts(
                "the table of widths is of other scores",
                refused(1, "plan MODEL --scores @/other.json --widths @/widths.json --out @/plan.json"));
        assertStarts("not a table of widths", refused(1, plan + "--widths @/scores.json"));
        Files.writeString(
                folder.resolve("worse.json"),
                Files.readString(folder.resolve("widths.json")).replaceFirst("(\"divergence\" : )", "$1-"));
        assertTrue(refused(1, plan + "--widths @/worse.json").contains("no finite number from 0"));
        assertStarts(
                "the table of widths has nothing of heads of layer 0",
                refused(1, plan + "--widths @/widths.json --units kv_heads"));
        assertStarts(
                "a branch has one width", refused(1, plan + "--widths @/widths.json --units kv_heads,query_heads"));
    }

    private static void assertStarts(String beginning, String line) {
        assertTrue(line.startsWith("engine: " + beginning), line);
    }

    @Test
    void whatDoesNotGoTogetherIsWrongUsage() throws IOException {
        String plan = "plan MODEL --scores @/scores.json --out @/plan.json ";
        for (String wrong : List.of(
                "--scope divergence",
                "--ratio 0.2 --target macs=0.5x",
                "--target macs=0.5x --ratio 0.2",
                "--target macs=1.5x",
                "--target macs=0x",
                "--target time=0.5x",
                "--target memory=12q",
                "--target latency=25",
                "--target macs",
                "--context 8 --target macs=0.5x",
                "--widths @/widths.json --scope local",
                "--widths @/widths.json --mode channel",
                "--widths @/widths.json --ratio-of units")) {
            refused(2, plan + wrong);
        }
        refused(2, "widths MODEL --scores @/scores.json --compensate bias --out @/w.json");
        refused(2, "prune MODEL --criterion l2 --scope divergence --steps 2 --out @/w.json");
    }
}
