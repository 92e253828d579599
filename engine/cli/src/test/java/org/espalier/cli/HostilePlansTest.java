package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.Shared;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Plans and other files that were made to go wrong: one line, whatever reads them. */
class HostilePlansTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"esc", "huge-layer", "neg", "null-alone", "show-negative-repeat"})
    void aPlanIsRefusedInOneLine(String name) throws IOException {
        Path plan = Shared.path("cases/hostile/plan-" + name + ".json");
        Files.copy(plan, folder.resolve("plan.json"));
        for (String command : new String[] {
            "plan show @/plan.json",
            "plan diff @/plan.json @/plan.json",
            "compact @/model --plan @/plan.json --out @/out",
            "report @ --out @/out.html"
        }) {
            String line = Refusal.of(folder, Refusal.FAILED, command);
            assertTrue(line.contains("not a plan: "), line);
            assertTrue(line.chars().noneMatch(Character::isISOControl), line);
        }
    }

    @Test
    void aRecordWithoutATrainingIsRefusedInOneLine() throws IOException {
        Files.copy(Shared.path("cases/hostile/training-null.json"), folder.resolve("training.json"));
        String line = Refusal.of(folder, Refusal.FAILED, "report @ --out @/out.html");
        assertTrue(line.contains("training is null"), line);
    }

    /** An empty tensor needs no byte, but a place. */
    @Test
    void aFileThatEndsBeforeItsDataIsRefusedInOneLine() throws IOException {
        Path file = folder.resolve("model.gguf");
        Files.copy(Shared.path("cases/hostile/gguf-empty-tensor-past-end.gguf"), file);
        String line = Refusal.of(folder, Refusal.FAILED, "info @/model.gguf");
        assertTrue(line.contains("ends beyond the end of the file"), line);
    }
}
