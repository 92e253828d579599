package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.Shared;
import org.espalier.TestFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A process that has no home to write to, as in a container whose file system is read-only: its libraries are unpacked into
 * a folder for that run alone, which one line names and nothing is left of.
 */
class ReadOnlyHomeTest {

    private static final Pattern LINE = Pattern.compile("engine: libraries are unpacked for this run alone, because "
            + "(.+) cannot be written \\((.+)\\): set the environment variable XDG_CACHE_HOME .+ to keep them");
    /** A user that no list of users has. */
    private static final List<String> NOBODY = List.of("unshare", "--user", "--map-user=12345", "--map-group=12345");

    @TempDir
    private Path folder;

    /** The tokenizer's library, and with it that of matrix products. */
    @ParameterizedTest
    @ValueSource(strings = {"tokenize @ --text once", "generate @ --prompt once --max-tokens 2"})
    void oneLineNamesTheFolderOfTheRun(String command) throws IOException, InterruptedException {
        assertOneLine(run(List.of(), List.of("-Duser.home=/proc/none"), command), "/proc/none/.cache/espalier");
    }

    @Test
    void aUserWithoutAnEntryHasNoHome() throws IOException, InterruptedException {
        List<String> tried = new ArrayList<>(NOBODY);
        tried.add("true");
        assumeTrue(status(tried) == 0, "skipped: this system lets nobody make a namespace of users");
        assertOneLine(run(NOBODY, List.of(), "tokenize @ --text once"), "the user's home");
    }

    private static int status(List<String> command) throws InterruptedException {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            return -1;
        }
    }

    private record Child(int status, String out, String err) {}

    private void assertOneLine(Child child, String missing) {
        assertEquals(0, child.status, child::toString);
        Matcher line = LINE.matcher(child.err.strip());
        assertTrue(line.matches(), child::toString);
        assertEquals(missing, line.group(1));
        assertEquals(temporary(), Path.of(line.group(2)).getParent());
        assertEquals(List.of(), TestFiles.names(temporary()));
    }

    private Path temporary() {
        return folder.resolve("temporary");
    }

    private Child run(List<String> before, List<String> options, String command)
            throws IOException, InterruptedException {
        Files.createDirectories(temporary());
        List<String> line = new ArrayList<>(before);
        line.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Djava.io.tmpdir=" + temporary(),
                "-Despalier.device=cpu",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED"));
        line.addAll(options);
        line.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        String model = Shared.path("models/stories260K").toString();
        line.addAll(List.of(command.replace("@", model).split(" ")));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder =
                new ProcessBuilder(line).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().keySet().removeAll(List.of("HOME", "XDG_CACHE_HOME"));
        int status = builder.start().waitFor();
        String warnings = Files.readString(err, StandardCharsets.UTF_8)
                .lines()
                .filter(text -> !text.startsWith("WARNING: Using incubator modules"))
                .reduce("", (text, more) -> text + more + "\n");
        return new Child(status, Files.readString(out, StandardCharsets.UTF_8), warnings);
    }
}
