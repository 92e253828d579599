package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
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

    @BeforeEach
    void write() throws IOException {
        DemoModel.writeTo(folder.resolve("model"));
        Files.write(folder.resolve("a.txt"), DemoModel.stories(1, 100));
        Files.write(folder.resolve("b.txt"), DemoModel.stories(2, 100));
    }

    /** Prunes by a fifth and reads the plan. */
    private Plan prune(String out, String... more) {
        Ran.engine(Stream.concat(
                                Stream.of(
                                        "prune",
                                        folder.resolve("model").toString(),
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

    @Test
    void llmPrunersOwnSettingIsKept() {
        Plan plan = prune("theirs", "--calibration", text("a.txt"), "--compat", "llm-pruner");
        assertEquals("param_first", plan.choice().criterion());
        assertEquals(10, plan.calibration().samples());
        assertEquals(64, plan.calibration().seqLen());
        prune("plain", "--calibration", text("a.txt"), "--compat", "llm-pruner", "--compensate", "none");
        assertEquals(weights("plain"), weights("theirs"));
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
}
