package org.espalier.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.importance.ScoresFile;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class PlanFileTest {

    @TempDir
    private Path folder;

    private static Plan plan(ScoresFile.Calibration calibration) {
        return new Plan(
                Plan.FORMAT_VERSION,
                new ScoresFile.Source("model", "0f", 10),
                new Choice("l2", "mean", "block", "local", 0.2, 32, true),
                new Plan.Parameters(10, 8),
                calibration,
                42,
                new Plan.Kept(
                        List.of(new Plan.Layer(0, new int[] {0}, new int[] {0}, new int[] {1, 2})),
                        null,
                        List.of(new Plan.Group("mlp.neurons", "neurons", 0, new int[] {1, 2}, 2))),
                null,
                null);
    }

    @Test
    void whatIsReadIsWhatWasWrittenWithCalibrationOrWithout() {
        for (ScoresFile.Calibration calibration :
                new ScoresFile.Calibration[] {null, new ScoresFile.Calibration("1f", 10, 64, null)}) {
            Path file = folder.resolve("plan.json");
            PlanFile.write(plan(calibration), file, true);
            Plan read = PlanFile.read(file);
            assertEquals(calibration, read.calibration());
            assertArrayEquals(new int[] {1, 2}, read.kept().layers().getFirst().keptNeurons());
            assertArrayEquals(PlanFile.bytes(plan(calibration)), PlanFile.bytes(read));
        }
    }

    @Test
    void keysStandInTheirOrder() {
        List<String> keys = new ArrayList<>();
        Path file = folder.resolve("plan.json");
        PlanFile.write(plan(new ScoresFile.Calibration("1f", 10, 64, null)), file, false);
        Json.readObject(file).fieldNames().forEachRemaining(keys::add);
        assertEquals(
                List.of(
                        "format_version",
                        "source",
                        "criterion",
                        "aggregate",
                        "mode",
                        "scope",
                        "ratio_requested",
                        "round",
                        "uniform",
                        "parameters_before",
                        "parameters_after",
                        "calibration",
                        "seed",
                        "layers",
                        "groups"),
                keys);
    }

    @TestFactory
    Stream<DynamicTest> whatIsNullIsRefused() {
        String whole = new String(PlanFile.bytes(plan(null)), StandardCharsets.UTF_8);
        return Stream.of("\"criterion\" : \"l2\"", "\"path\" : \"model\"", "\"kept_heads\" : [ 0 ]", "\"seed\" : 42")
                .map(entry -> DynamicTest.dynamicTest(entry, () -> {
                    assertTrue(whole.contains(entry), whole);
                    refused(whole.replace(entry, entry.replaceFirst(":.*", ": null")));
                    refused(whole.replace(entry, "\"surprise\" : 1"));
                    refused(whole.replace(entry, entry + ", \"surprise\" : 1"));
                }));
    }

    private void refused(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("plan.json"), text);
        String line = assertThrows(Failure.class, () -> PlanFile.read(file)).oneLine();
        assertTrue(line.startsWith("not a plan: ") && line.lines().count() == 1, line);
    }
}
