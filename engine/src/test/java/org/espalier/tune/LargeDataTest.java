package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** As many samples as the largest recovery that LLM-Pruner's authors report. */
class LargeDataTest {

    private static final int RECORDS = 2_590_000;

    @TempDir
    private Path folder;

    @Test
    void theHeapDoesNotGrowWithTheFile() throws IOException, InterruptedException {
        Path file = folder.resolve("large.jsonl");
        byte[] record = "{\"prompt\":\"bbbbb\",\"completion\":\"bb\"}\n".getBytes(StandardCharsets.US_ASCII);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
            for (int i = 0; i < RECORDS; i++) {
                out.write(record);
            }
        }
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LargeDataChild.class.getName(),
                        file.toString()))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        assertEquals(
                "2588000 samples, 2000 held out, 20704000 tokens, 10109 updates, 128 at once, 2048 loaded an update\n",
                said);
    }
}
