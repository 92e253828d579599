package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What one run of the engine inside this JVM gave. */
record Ran(String command, int status, String out, String err) {

    static Ran engine(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = Main.run(
                args,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Ran(
                String.join(" ", args),
                status,
                out.toString(StandardCharsets.UTF_8),
                err.toString(StandardCharsets.UTF_8));
    }

    /** The single line of a failed run, after checking that it is one and that stdout is empty. */
    String failure(int expectedStatus) {
        assertEquals(expectedStatus, status, () -> command + " said: " + err);
        assertEquals("", out, command);
        assertTrue(err.endsWith(System.lineSeparator()), () -> command + " said: " + err);
        String line = err.strip();
        assertEquals(1, line.lines().count(), () -> command + " said: " + err);
        assertTrue(line.matches("engine: [^()].*\\(.+\\): .+"), () -> command + " said: " + err);
        return line;
    }

    /** The last line of a run that failed in the middle of its work, after notes on what it had done. */
    String failureAfterNotes() {
        List<String> lines = err.lines().toList();
        assertTrue(lines.stream().allMatch(line -> line.startsWith("engine: ")), () -> command + " said: " + err);
        return new Ran(command, status, out, lines.getLast() + System.lineSeparator()).failure(1);
    }

    /** What a successful run printed. */
    String output() {
        assertEquals(0, status, () -> command + " said: " + err);
        return out;
    }
}
