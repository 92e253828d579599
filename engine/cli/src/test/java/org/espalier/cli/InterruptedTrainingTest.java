package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import org.espalier.cli.faults.Interruptions;
import org.espalier.job.DemoModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trainings that are killed at random moments and resumed end in the same bytes; {@code tools/interruptions} kills more of them. */
class InterruptedTrainingTest {

    private static final int KILLS = 20;

    @TempDir
    private Path folder;

    @Test
    void killedTrainingsAreResumedToTheSameBytes() throws Exception {
        DemoModel.writeTo(folder.resolve("model"));
        assertEquals(List.of(), new Interruptions(folder, folder.resolve("model")).kill(KILLS));
    }
}
