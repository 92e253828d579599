package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.Golden;
import org.espalier.ThinModel;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.importance.Calibration;
import org.espalier.job.DemoModel;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code engine prune} does where nothing more is asked for. */
class PruneCommandTest {

    @TempDir
    private Path folder;

    private String model = "model";

    @BeforeEach
    void write() throws IOException {
        ThinModel.writeTo(folder.resolve("model"));
        Files.write(folder.resolve("a.txt"), DemoModel.stories(1, 100));
        Files.write(folder.resolve("b.txt"), DemoModel.stories(2, 100));
    }

    /** Prunes by a fifth and reads the plan. */
    private Plan prune(String out, String... more) {
        Ran.engine(Stream.concat(
                                Stream.of(
                                        "prune",
                                        folder.resolve(model).toString(),
                                        "--ratio",
                                        "0.2",
                                        "--out",
                                        folder.resolve(out).toString()),
                                Arrays.stream(more))
                        .toArray(String[]::new))
                .output();
        return PlanFile.read(folder.resolve(out + "/plan.json"));
    }

    private String text(String name) {
        return folder.resolve(name).toString();
    }

    private String weights(String out) {
        try (Checkpoint checkpoint = Checkpoints.open(folder.resolve(out))) {
            return checkpoint.sha256();
        }
    }

    @Test
    void theBestSettingIsTheDefault() {
        Plan plan = prune("usual", "--calibration", text("a.txt"));
        assertEquals("param_second", plan.choice().criterion());
        assertEquals(128, plan.calibration().samples());
        assertEquals(128, plan.calibration().seqLen());
        int heads = plan.kept().layers().getFirst().keptHeads().length;
        assertTrue(
                plan.kept().layers().stream().allMatch(layer -> layer.keptHeads().length == heads),
                "heads stay where neurons do");
        prune("same", "--calibration", text("a.txt"), "--units", "neurons", "--compensate", "lstsq", "--ridge", "1");
        prune("plain", "--calibration", text("a.txt"), "--compensate", "none");
        assertEquals(weights("same"), weights("usual"));
        assertNotEquals(weights("plain"), weights("usual"));
    }

    /** The plan says how to have the same text written again, and the files that come of it are the same. */
    @Test
    void withoutTextTheModelWritesItsOwn() {
        Plan plan = prune("own", "--samples", "40", "--seq-len", "48", "--seed", "7");
        assertEquals("param_second", plan.choice().criterion());
        assertEquals(40, plan.calibration().samples());
        assertEquals(48, plan.calibration().seqLen());
        assertEquals(new Calibration.Writer(7, 1), plan.calibration().writer());
        prune("again", "--samples", "40", "--seq-len", "48", "--seed", "7", "--threads", "1");
        assertEquals(weights("own"), weights("again"));
        Plan other = prune("other", "--samples", "40", "--seq-len", "48", "--seed", "8");
        assertNotEquals(plan.calibration().sha256(), other.calibration().sha256());
        prune("plain", "--samples", "40", "--seq-len", "48", "--seed", "7", "--compensate", "none");
        assertNotEquals(weights("plain"), weights("own"), "what is left is fitted on it too");
        Ran.engine(
                        "score",
                        text("model"),
                        "--samples",
                        "40",
                        "--seq-len",
                        "48",
                        "--seed",
                        "7",
                        "--out",
                        text("scores.json"))
                .output();
        assertEquals(
                Golden.json(folder.resolve("own/plan.json")).get("calibration"),
                Golden.json(folder.resolve("scores.json")).get("calibration"));
    }

    /** As magnitudes do not need a text, none is written for them. */
    @Test
    void noTextIsWrittenWhereNoneIsNeeded() {
        assertNull(prune("weights", "--criterion", "l2").calibration());
        String failure = Ran.engine("prune", text("model"), "--compat", "llm-pruner", "--out", text("compatible"))
                .failure(2);
        assertTrue(failure.contains("criterion param_first needs --calibration FILE"), failure);
    }

    /** Layers that stay whole differ from the others. */
    @Test
    void widthsAreRoundAndTheLastLineSaysWhatOpensTheResult() throws IOException {
        String[] command = {"prune", text("model"), "--criterion", "l2", "--out", text("usual")};
        String last = Ran.engine(command).output().lines().toList().getLast();
        assertEquals(
                "opens in transformers with trust_remote_code, and in this engine, not in LlamaForCausalLM: widths differ "
                        + "from layer to layer "
                        + "(--uniform makes them equal)",
                last);
        Plan plan = PlanFile.read(folder.resolve("usual/plan.json"));
        assertEquals(32, plan.choice().round());
        plan.kept().groups().forEach(group -> assertEquals(0, group.kept().length % 32, group.name()));
        plan.kept().groups().forEach(group -> assertEquals(32, group.round(), group.name()));
        command[5] = text("equal");
        String[] uniform = Stream.concat(Arrays.stream(command), Stream.of("--uniform", "--json"))
                .toArray(String[]::new);
        JsonNode said = new ObjectMapper().readTree(Ran.engine(uniform).output());
        assertTrue(said.at("/opens_in/stock").asBoolean() && said.get("uniform").asBoolean(), said.toString());
        assertEquals(32, said.get("round").asInt());
        assertEquals(
                1,
                PlanFile.read(folder.resolve("equal/plan.json")).kept().layers().stream()
                        .mapToInt(layer -> layer.keptNeurons().length)
                        .distinct()
                        .count());
    }

    @Test
    void anyWidthIsForTheAskingAndLlmPruners() {
        for (String[] more : List.of(new String[] {"--round", "1"}, new String[] {"--compat", "llm-pruner"})) {
            Plan plan = prune(more[1], "--criterion", "l2", more[0], more[1]);
            assertNull(plan.choice().round());
            assertNull(plan.choice().uniform());
            plan.kept().groups().forEach(group -> assertNull(group.round(), group.name()));
            assertTrue(plan.kept().layers().stream().anyMatch(layer -> layer.keptNeurons().length % 32 != 0), more[0]);
        }
    }

    @Test
    void llmPrunersOwnSettingIsKept() {
        Plan plan = prune("theirs", "--calibration", text("a.txt"), "--compat", "llm-pruner");
        assertEquals("param_first", plan.choice().criterion());
        assertEquals(10, plan.calibration().samples());
        assertEquals(64, plan.calibration().seqLen());
        prune("plain", "--calibration", text("a.txt"), "--compat", "llm-pruner", "--compensate", "none");
        assertEquals(weights("plain"), weights("theirs"));
    }

    @Test
    void eachBranchIsHeldAsServesTheTextLeftOutBest() {
        Plan plan = prune(
                "each",
                "--calibration",
                text("a.txt"),
                "--calibration",
                text("b.txt"),
                "--samples",
                "12",
                "--ridge",
                "auto");
        assertNull(plan.fitted().ridge());
        assertTrue(plan.fitted().ridges().containsKey("model.layers.1.mlp.down_proj.weight"), plan::toString);
        assertTrue(plan.fitted().ridges().values().stream().allMatch(r -> r >= 0.25 && r <= 8), plan::toString);
        prune("same", "--calibration", text("a.txt"), "--calibration", text("b.txt"), "--samples", "12");
        assertNotEquals(weights("same"), weights("each"));
    }

    /** A second text changes what is drawn, not how much. */
    @Test
    void severalTextsGiveEqualShares() {
        Plan both = prune("both", "--calibration", text("a.txt"), "--calibration", text("b.txt"), "--samples", "9");
        Plan first = prune("first", "--calibration", text("a.txt"), "--samples", "9");
        assertEquals(9, both.calibration().samples());
        assertNotEquals(first.calibration().sha256(), both.calibration().sha256());
    }

    @ParameterizedTest
    @ValueSource(strings = {"neurons", "kv_heads,neurons", "channels"})
    void scoresPlanAndWeightsAreTheSameBytesAtAnyNumberOfThreads(String units) throws IOException {
        for (String threads : List.of("1", "2")) {
            prune(threads, "--calibration", text("a.txt"), "--samples", "12", "--units", units, "--threads", threads);
        }
        for (String file : List.of("scores.json", "plan.json", "config.json", "model.safetensors")) {
            assertArrayEquals(
                    Files.readAllBytes(folder.resolve("1/" + file)),
                    Files.readAllBytes(folder.resolve("2/" + file)),
                    file);
        }
    }

    @Test
    void gatesChooseBetterAndTheSameAtAnyNumberOfThreads() throws IOException {
        // A random model has nothing to choose by.
        DemoModel.writeTo(folder.resolve("demo"));
        model = "demo";
        for (String threads : List.of("1", "2")) {
            Plan plan = prune(
                    threads,
                    "--calibration",
                    text("a.txt"),
                    "--samples",
                    "32",
                    "--seq-len",
                    "32",
                    "--select",
                    "gates",
                    "--gate-tokens",
                    "4480",
                    "--threads",
                    threads);
            Plan.Gates gates = plan.kept().gates();
            assertEquals(5 * 28 * 32, gates.tokens());
            assertEquals(18, gates.updates());
            assertTrue(gates.after() < gates.before(), gates::toString);
            assertEquals("global", plan.choice().scope());
            assertEquals(0.2, plan.parameters().removed(), 0.01);
        }
        for (String file : List.of("plan.json", "model.safetensors")) {
            assertArrayEquals(
                    Files.readAllBytes(folder.resolve("1/" + file)),
                    Files.readAllBytes(folder.resolve("2/" + file)),
                    file);
        }
    }
}
