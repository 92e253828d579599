package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
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

    /** What is measured differs from run to run: its form is looked at, and plans are made by a table of round numbers. */
    @Test
    void latenciesAreMeasuredAndReached() throws IOException {
        measured("widths.json", "");
        String bench = "bench MODEL --widths --prompt 4 --generate 2 --repetitions 1 --warm-up 0 --levels 2";
        JsonNode said = run(bench + " --out @/latency.json");
        assertEquals(
                Sha256.ofFile(folder.resolve("latency.json")),
                said.get("sha256").asText());
        assertTrue(said.get("decode_microseconds").asDouble() > 0);
        JsonNode table = Golden.json(folder.resolve("latency.json"));
        assertEquals(2, table.get("groups").size(), "query heads and neurons");
        assertTrue(
                List.of(folder.toFile().list()).containsAll(List.of("latency.json", "widths.json", "scores.json"))
                        && folder.toFile().list().length == 4,
                "narrow models are gone");

        ObjectNode round = (ObjectNode) table;
        round.putObject("whole").put("prefill", 1000.0).put("decode", 500.0);
        round.get("groups")
                .forEach(group -> group.get("widths")
                        .forEach(width -> ((ObjectNode) width)
                                .putObject("saved")
                                .put("prefill", 100.0)
                                .put("decode", 20.0)));
        Files.writeString(folder.resolve("round.json"), round.toString());
        JsonNode plan = plan(
                "plan.json", "--widths @/widths.json --latency @/round.json --target latency=0.8x --latency-of 4+2");
        assertEquals(2000, plan.at("/target/before").asDouble());
        assertTrue(plan.at("/target/after").asDouble() <= 1600, plan::toString);
        assertTrue(Golden.json(folder.resolve("plan.json"))
                        .at("/target/latency_sha256")
                        .asText()
                        .length()
                == 64);
        JsonNode prefill = plan(
                "prefill.json",
                "--scope global --latency @/round.json --target latency=950us --latency-of prefill --keep-first 0");
        assertTrue(prefill.at("/target/after").asDouble() <= 950);

        String plans = "plan MODEL --scores @/scores.json --out @/other.json ";
        assertStarts(
                "the table of latencies is of 4 tokens read and 2 written, not of 4+3",
                refused(1, plans + "--latency @/round.json --target latency=0.8x --latency-of 4+3"));
        assertStarts(
                "the table of latencies has nothing of heads of layer",
                refused(1, plans + "--latency @/round.json --target latency=0.8x --units kv_heads"));
        assertStarts("not a table of latencies", refused(1, plans + "--latency @/scores.json --target latency=0.8x"));
        Files.writeString(folder.resolve("of-other.json"), round.toString().replaceFirst("(\"sha256\":\")..", "$1xx"));
        assertStarts(
                "the table of latencies is of another model",
                refused(1, plans + "--latency @/of-other.json --target latency=0.8x"));
    }

    @Test
    void theFrontierIsMonotoneAndDrawn() throws IOException {
        measured("widths.json", " --units neurons,query_heads,mlp,attention");
        String plan = "plan MODEL --scores @/scores.json --widths @/widths.json --frontier ";
        for (String quantity : List.of("parameters", "macs", "memory")) {
            JsonNode points = run(plan + quantity + " --points 12 --out @/" + quantity + ".json")
                    .get("points");
            assertTrue(points.size() > 6 && points.size() <= 12, points::toString);
            assertEquals(1, points.get(0).get("share").asDouble());
            assertEquals(0, points.get(0).get("divergence").asDouble());
            for (int i = 1; i < points.size(); i++) {
                assertTrue(points.get(i).get("left").asDouble()
                        < points.get(i - 1).get("left").asDouble());
                assertTrue(points.get(i).get("divergence").asDouble()
                        > points.get(i - 1).get("divergence").asDouble());
            }
            assertEquals(points, Golden.json(folder.resolve(quantity + ".json")).get("points"));
        }
        JsonNode best = run("plan MODEL --scores @/scores.json --widths @/widths.json --ratio 0.3 --out @/p.json");
        JsonNode points = Golden.json(folder.resolve("parameters.json")).get("points");
        for (JsonNode point : points) {
            boolean smaller = point.get("parameters").asLong()
                    <= best.get("parameters_after").asLong();
            assertTrue(
                    !smaller
                            || point.get("divergence").asDouble()
                                    >= best.at("/widths/divergence").asDouble() - 1e-12,
                    "no plan of the frontier is both smaller and nearer than the plan of a ratio");
        }
        String text = Ran.engine((plan + "macs --out @/f.svg")
                        .replace("MODEL", MODEL)
                        .replace("@", folder.toString())
                        .split(" "))
                .output();
        assertTrue(text.contains("macs left") && text.contains("100.0 %"), text);
        String drawn = Files.readString(folder.resolve("f.svg"));
        assertTrue(drawn.startsWith("<svg") && drawn.contains("macs left, of"), drawn);
    }

    @Test
    void widthsThatAProgramOpens() throws IOException {
        measured("widths.json", "");
        for (String program : List.of("transformers", "vllm")) {
            plan("plan.json", "--force --widths @/widths.json --ratio 0.2 --for " + program);
            JsonNode left = compacted("plan.json");
            assertEquals(1, distinct(left.get("intermediate_sizes")), program);
            assertEquals(1, distinct(left.get("heads")), program);
        }
        plan("plan.json", "--force --widths @/widths.json --ratio 0.2 --for llama.cpp");
        Ran.engine("compact", MODEL, "--plan", at("plan.json"), "--out", at("cut"), "--force")
                .output();
        assertEquals(
                "llama",
                Golden.json(folder.resolve("cut/config.json")).get("model_type").asText());
        Ran.engine("convert", at("cut"), "--out", at("cut.gguf")).output();
        assertTrue(refused(2, "plan MODEL --scores @/scores.json --ratio 0.2 --for vllm --uniform --out @/other.json")
                .contains("--for vllm says what widths are left"));
        assertTrue(refused(2, "plan MODEL --scores @/scores.json --ratio 0.2 --for vllm --units mlp --out @/other.json")
                .contains("makes all layers equal"));
    }

    private static long distinct(JsonNode sizes) {
        return StreamSupport.stream(sizes.spliterator(), false).distinct().count();
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
                "--target latency=0.5x",
                "--latency-of prefill",
                "--latency-of some --target latency=0.5x",
                "--latency @/l.json --target macs=0.5x",
                "--frontier macs",
                "--frontier latency --widths @/widths.json",
                "--frontier macs --widths @/widths.json --target macs=0.5x",
                "--points 3",
                "--for ollama",
                "--context 8 --target macs=0.5x",
                "--widths @/widths.json --scope local",
                "--widths @/widths.json --mode channel",
                "--widths @/widths.json --ratio-of units")) {
            refused(2, plan + wrong);
        }
        refused(2, "widths MODEL --scores @/scores.json --compensate bias --out @/w.json");
        refused(2, "plan MODEL --scores @/scores.json --widths @/widths.json --frontier macs --out @/f.png");
        refused(2, "bench MODEL --widths");
        refused(2, "bench MODEL --out @/l.json");
        refused(2, "bench MODEL --widths --out @/l.json --against MODEL");
        refused(2, "bench MODEL --widths --out @/l.json --levels 1");
        refused(2, "prune MODEL --criterion l2 --scope divergence --steps 2 --out @/w.json");
    }
}
