package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.espalier.tape.Retention;
import org.junit.jupiter.api.Test;

/** Loss and every gradient are the same bytes at any number of threads, recomputed or kept, with and without vector instructions. */
class SameStepTest {

    /** Enough runs for the optimising compiler to have replaced what is hot. */
    private static final int WARM_UP = 60;

    @Test
    void atAnyNumberOfThreadsAndWithAnyRetention() {
        long alone = TinyStep.checksum(1, Retention.KEEP);
        assertEquals(alone, TinyStep.checksum(2, Retention.KEEP));
        assertEquals(alone, TinyStep.checksum(3, Retention.KEEP));
        assertEquals(alone, TinyStep.checksum(2, Retention.RECOMPUTE));
        assertNotEquals(0, alone);
    }

    @Test
    void withoutVectorInstructions() throws IOException, InterruptedException {
        long scalar = scalar();
        for (int round = 0; round < WARM_UP; round++) {
            assertEquals(scalar, TinyStep.checksum(2, Retention.KEEP), "round " + round);
        }
    }

    /** The first compiler makes no vector instructions, no more than the interpreter does. */
    private static long scalar() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        ManagementFactory.getRuntimeMXBean().getClassPath(),
                        TinyStep.class.getName())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        return Long.parseLong(printed.strip());
    }
}
