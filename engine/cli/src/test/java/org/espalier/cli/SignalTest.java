package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.espalier.TestFiles;
import org.espalier.ThinModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Signals to a command and the shell that started it, as a terminal sends them to the group in its foreground. */
class SignalTest {

    private static final String SENTENCE = "the fox ran to the big red house and saw the old dog there\n";

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        ThinModel.writeTo(folder.resolve("m"));
        Files.writeString(folder.resolve("text.txt"), SENTENCE.repeat(64));
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    void generateEndsAtOnce(String signal, int status) throws Exception {
        assertEnds(signal, status, "generate", "@/m", "--prompt", "the", "--max-tokens", "400");
        assertEquals(List.of("m", "text.txt"), TestFiles.names(folder));
    }

    /** What a run keeps from time to time is whole, and nothing stands beside it; it goes on from there. */
    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    void tuneLeavesWhatItSaved(String signal, int status) throws Exception {
        assertEnds(signal, status, tune("--save-every", "1"));
        assertEquals(List.of("adapter", "m", "text.txt"), TestFiles.names(folder));
        Ran again = Ran.engine(words(tune("--resume")));
        assertTrue(again.output().contains("loss"), again.out());
    }

    @Test
    void pruneLeavesNothing() throws Exception {
        assertEnds(
                "INT",
                130,
                "prune",
                "@/m",
                "--ratio",
                "0.2",
                "--calibration",
                "@/text.txt",
                "--samples",
                "64",
                "--seq-len",
                "16",
                "--verbose",
                "--out",
                "@/out");
        assertFalse(Files.exists(folder.resolve("out")), "it was over before the signal");
        assertEquals(List.of("m", "text.txt"), TestFiles.names(folder));
    }

    private String[] tune(String... more) {
        List<String> command = new ArrayList<>(List.of("tune", "@/m", "--data", "@/text.txt", "--out", "@/adapter"));
        command.addAll(List.of("--batch-size", "4", "--epochs", "6", "--verbose"));
        command.addAll(List.of(more));
        return command.toArray(String[]::new);
    }

    private String[] words(String... command) {
        return Stream.of(command)
                .map(word -> word.replace("@", folder.toString()))
                .toArray(String[]::new);
    }

    /** Starts a shell that starts a command, in a group of their own, and signals both when the command has begun. */
    private void assertEnds(String signal, int status, String... command) throws Exception {
        // A process that was started in the background ignores SIGINT, and so would all that it starts.
        List<String> line = new ArrayList<>(List.of(
                "/usr/bin/env",
                "--default-signal=INT,TERM",
                "bash",
                "-c",
                "set -m; bash -c 'trap : INT TERM; echo $$; \"$@\"; exit $?' bash \"$@\" & wait $!",
                "bash"));
        line.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                // What lives for a second is not worth optimising.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                "org.espalier.cli.Main"));
        line.addAll(List.of(words(command)));
        Path said = Files.createTempFile("said", ".txt");
        Process process = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        String group = firstLine(said, process);
        awaitWork(said, process, command[0]);
        new ProcessBuilder("/bin/kill", "-" + signal, "--", "-" + group).start().waitFor();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it goes on");
        String text = Files.readString(said);
        assertEquals(status, process.exitValue(), text);
        assertFalse(text.contains("Exception") || text.contains("\tat ") || text.contains("internal error"), text);
        Files.delete(said);
    }

    private static String firstLine(Path file, Process process) throws Exception {
        while (process.isAlive() && !Files.readString(file).contains("\n")) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        return Files.readString(file).lines().findFirst().orElseThrow();
    }

    /** A training is at work when it has saved something, others when they write. */
    private void awaitWork(Path said, Process process, String command) throws Exception {
        while (process.isAlive()
                && !(command.equals("tune")
                        ? Files.exists(folder.resolve("adapter/training.json"))
                        : Files.readString(said)
                                        .lines()
                                        .filter(line -> !line.startsWith("WARNING"))
                                        .count()
                                > 1)) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertTrue(process.isAlive(), "it ended by itself: " + Files.readString(said));
    }
}
