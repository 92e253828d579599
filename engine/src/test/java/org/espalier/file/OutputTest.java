package org.espalier.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.espalier.TestFiles;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Outputs appear whole or not at all: refused, failing, on a full disk, killed. */
class OutputTest {

    @TempDir
    Path temp;

    @Test
    void writesAFolderAndRefusesToReplaceItUnasked() throws IOException {
        Path target = temp.resolve("deep/er/out");
        Output.writeFolder(target, false, path -> OutputChild.fillFolder(path, 1));
        assertWholeFolder(target, 1);
        Failure refusal = assertThrows(
                Failure.class, () -> Output.writeFolder(target, false, path -> OutputChild.fillFolder(path, 2)));
        assertEquals("output exists (" + target + "): name another place or add --force", refusal.oneLine());
        assertWholeFolder(target, 1);
        Output.writeFolder(target, true, path -> Files.write(path.resolve("plan.json"), new byte[1]));
        assertEquals(List.of("plan.json"), TestFiles.names(target));
        assertEquals(List.of("out"), TestFiles.names(target.getParent()));
    }

    @Test
    void writesAFileAndRefusesToReplaceItUnasked() throws IOException {
        Path target = temp.resolve("plan.json");
        Output.writeFile(target, false, path -> Files.writeString(path, "one"));
        assertThrows(Failure.class, () -> Output.writeFile(target, false, path -> Files.writeString(path, "two")));
        assertEquals("one", Files.readString(target));
        Output.writeFile(target, true, path -> Files.writeString(path, "two"));
        assertEquals("two", Files.readString(target));
        assertEquals(List.of("plan.json"), TestFiles.names(temp));
    }

    @Test
    void replacesWhatALinkPointsTo() throws IOException {
        Path real = temp.resolve("real");
        Output.writeFolder(real, false, path -> OutputChild.fillFolder(path, 1));
        Path link = Files.createSymbolicLink(temp.resolve("link"), real);
        Output.writeFolder(link, true, path -> OutputChild.fillFolder(path, 2));
        assertTrue(Files.isSymbolicLink(link));
        assertWholeFolder(real, 2);
    }

    /** What others keep beside an output, and do there meanwhile, is theirs. */
    @Test
    void leavesWhatLiesBesideItAlone() throws IOException {
        Files.createSymbolicLink(temp.resolve("to nowhere"), temp.resolve("nowhere"));
        Output.writeFile(temp.resolve("out"), false, path -> Files.writeString(path, "one"));
        assertEquals("one", Files.readString(temp.resolve("out")));
    }

    @Test
    void aFailingWriterLeavesNothingBehind() throws IOException {
        Path target = temp.resolve("out");
        Output.writeFolder(target, false, path -> OutputChild.fillFolder(path, 1));
        Failure failure = assertThrows(
                Failure.class,
                () -> Output.writeFolder(target, true, path -> {
                    OutputChild.fillFolder(path, 2);
                    throw new IOException("the cable is out");
                }));
        assertTrue(failure.oneLine().startsWith("cannot be written: the cable is out (" + target + "): "));
        assertThrows(
                IllegalStateException.class,
                () -> Output.writeFolder(target, true, path -> {
                    throw new IllegalStateException("a bug");
                }));
        assertWholeFolder(target, 1);
        assertEquals(List.of("out"), TestFiles.names(temp));
    }

    @Test
    void neverReplacesAFolderThatAPersonStandsIn() throws IOException {
        for (Path target : List.of(
                Path.of(""), Path.of("/"), Path.of("..").toAbsolutePath(), Path.of(System.getProperty("user.home")))) {
            assertTrue(assertThrows(Failure.class, () -> Output.folder(target, true))
                    .problem()
                    .contains("must not be replaced"));
        }
        Path file = Files.writeString(temp.resolve("file"), "kept");
        assertThrows(Failure.class, () -> Output.folder(file, true));
        assertThrows(Failure.class, () -> Output.file(temp, true));
        assertThrows(Failure.class, () -> Output.file(Path.of("/dev/null"), true));
        assertThrows(Failure.class, () -> Output.file(file.resolve("inside"), true));
        assertEquals("kept", Files.readString(file));
    }

    @Test
    void twoWritersOfOnePlaceDoNotDisturbEachOther() throws IOException {
        Path target = temp.resolve("out");
        try (Output first = Output.folder(target, true);
                Output second = Output.folder(target, true)) {
            OutputChild.fillFolder(first.path(), 1);
            OutputChild.fillFolder(second.path(), 2);
            first.commit();
            second.commit();
        }
        assertWholeFolder(target, 2);
        assertEquals(List.of("out"), TestFiles.names(temp));
    }

    @Test
    void putsBackAFolderWhoseReplacementWasKilledBetweenTwoRenames() throws IOException {
        Path target = temp.resolve("out");
        Path aside = Files.createDirectory(temp.resolve(".out.0123abcd.espalier-tmp"));
        Files.createFile(aside.resolve("lock"));
        OutputChild.fillFolder(Files.createDirectory(aside.resolve("old")), 1);
        OutputChild.fillFolder(Files.createDirectory(aside.resolve("content")), 2);
        assertThrows(Failure.class, () -> Output.folder(target, false));
        assertWholeFolder(target, 1);
        assertEquals(List.of("out"), TestFiles.names(temp));
    }

    @Test
    void replacesNoFolderThatHoldsSomethingElse() throws IOException {
        Path target = temp.resolve("out");
        Output.writeFolder(target, false, path -> OutputChild.fillFolder(path, 1));
        for (String name : List.of("notes.txt", "pruned/notes.txt", "adapter", "model-1-of-2.safetensors")) {
            Path file = target.resolve(name);
            Files.createDirectories(file.getParent());
            Files.createFile(file);
            Failure refusal = assertThrows(Failure.class, () -> Output.folder(target, true));
            assertTrue(refusal.oneLine().contains("'" + name + "'"), refusal.oneLine());
            Files.delete(file);
        }
        Files.createSymbolicLink(target.resolve("plan.json"), temp.resolve("elsewhere"));
        assertThrows(Failure.class, () -> Output.folder(target, true));
        assertEquals(List.of("out"), TestFiles.names(temp));
    }

    /** While a long run writes aside, a person may put something there. */
    @Test
    void replacesNoFolderThatGotSomethingElseMeanwhile() throws IOException {
        Path target = temp.resolve("out");
        Output.writeFolder(target, false, path -> OutputChild.fillFolder(path, 1));
        assertThrows(
                Failure.class,
                () -> Output.writeFolder(target, true, path -> Files.createFile(target.resolve("notes.txt"))));
        assertTrue(Files.exists(target.resolve("notes.txt")));
        assertEquals(List.of("out"), TestFiles.names(temp));
    }

    /** Whoever may write beside an output could otherwise have other files removed, or put in the output's place. */
    @Test
    @Timeout(20)
    void theSweepFollowsNoLinkAndWaitsForNoPipe() throws Exception {
        Path elsewhere = Files.createDirectory(temp.resolve("elsewhere"));
        OutputChild.fillFolder(Files.createDirectory(elsewhere.resolve("content")), 1);
        Files.createFile(elsewhere.resolve("lock"));
        Files.createSymbolicLink(temp.resolve(".out.0123abcd.espalier-tmp"), elsewhere);
        Path linked = Files.createDirectory(temp.resolve(".out.0123abce.espalier-tmp"));
        Files.createSymbolicLink(linked.resolve("lock"), elsewhere.resolve("lock"));
        Path old = Files.createDirectory(temp.resolve(".out.0123abcf.espalier-tmp"));
        Files.createFile(old.resolve("lock"));
        Files.createSymbolicLink(old.resolve("old"), elsewhere);
        Path pipe = Files.createDirectory(temp.resolve(".out.0123abd0.espalier-tmp"));
        assumeTrue(succeeds(List.of("mkfifo", pipe.resolve("lock").toString())), "skipped: no mkfifo");
        Output.writeFolder(temp.resolve("out"), false, path -> OutputChild.fillFolder(path, 2));
        assertWholeFolder(temp.resolve("out"), 2);
        assertEquals(List.of("content", "lock"), TestFiles.names(elsewhere));
        assertWholeFolder(elsewhere.resolve("content"), 1);
        assertTrue(Files.exists(pipe) && Files.exists(linked) && !Files.exists(old));
    }

    @Test
    void theSweepLeavesWhatIsAnotherUsers() throws IOException {
        Path theirs = Files.createDirectory(temp.resolve(".out.0123abcd.espalier-tmp"));
        Files.createFile(theirs.resolve("lock"));
        try {
            Files.setAttribute(theirs, "unix:uid", 12345);
        } catch (IOException e) {
            assumeTrue(false, "skipped: only root can give files away");
        }
        Output.writeFile(temp.resolve("out"), false, path -> Files.writeString(path, "one"));
        assertTrue(Files.exists(theirs.resolve("lock")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"replace-folders", "replace-files"})
    void whateverTheMomentOfTheKillAWholeOutputStands(String subject) throws Exception {
        Path target = temp.resolve("out");
        Random random = new Random(7);
        for (int round = 0; round < 8; round++) {
            Process child = start(List.of(), subject, target);
            try (BufferedReader lines = child.inputReader()) {
                assertEquals("1", lines.readLine());
                Thread.sleep(random.nextInt(40));
                child.destroyForcibly().waitFor();
            }
            byte generation = Files.readAllBytes(subject.endsWith("files") ? target : target.resolve("config.json"))[0];
            if (subject.endsWith("files")) {
                assertArrayEquals(OutputChild.generation(generation), Files.readAllBytes(target));
            } else {
                assertWholeFolder(target, generation);
            }
        }
        (subject.endsWith("files") ? Output.file(target, true) : Output.folder(target, true)).close();
        assertEquals(List.of("out"), TestFiles.names(temp));
    }

    @Test
    void sweepsWhatAKilledRunLeftButNotALivingOnesFolder() throws Exception {
        Path target = temp.resolve("out");
        Output.writeFolder(target, false, path -> OutputChild.fillFolder(path, 1));
        Process child = start(List.of(), "hang", target);
        try (BufferedReader lines = child.inputReader()) {
            assertEquals("half", lines.readLine());
            Output.folder(target, true).close();
            assertEquals(2, TestFiles.names(temp).size(), "the living writer's folder was swept");
        } finally {
            child.destroyForcibly().waitFor();
        }
        assertEquals(2, TestFiles.names(temp).size(), "a killed run leaves its folder");
        assertWholeFolder(target, 1);
        Output.folder(target, true).close();
        assertEquals(List.of("out"), TestFiles.names(temp));
    }

    @Test
    void aTerminatedRunRemovesItsFolder() throws Exception {
        Path target = temp.resolve("out");
        Process child = start(List.of(), "hang", target);
        try (BufferedReader lines = child.inputReader()) {
            assertEquals("half", lines.readLine());
            child.destroy();
            child.waitFor();
        }
        assertEquals(List.of(), TestFiles.names(temp));
    }

    /** A limit on the size of files stops a write in the middle with the same kind of error as a full disk. */
    @Test
    void aWriteThatTheSystemStopsLeavesThePreviousOutput() throws Exception {
        assumeTrue(Files.exists(Path.of("/bin/bash")), "skipped: no bash to set a file size limit with");
        Path target = temp.resolve("out");
        Output.writeFolder(target, false, path -> OutputChild.fillFolder(path, 1));
        String line =
                onlyLine(start(List.of("/bin/bash", "-c", "ulimit -f 1024; exec \"$0\" \"$@\""), "too-much", target));
        assertTrue(line.startsWith("cannot be written: ") && line.contains(target.toString()), line);
        assertWholeFolder(target, 1);
        assertEquals(List.of("out"), TestFiles.names(temp));
    }

    @Test
    void aFullDiskLeavesThePreviousOutput() throws Exception {
        Path disk = Files.createDirectory(temp.resolve("disk"));
        String script = "mount -t tmpfs -o size=1m tmpfs " + disk + " && mkdir " + disk + "/out && echo old > " + disk
                + "/out/config.json && \"$0\" \"$@\" && cat " + disk + "/out/config.json && ls -A " + disk;
        List<String> unshare = List.of("unshare", "--user", "--map-root-user", "--mount", "/bin/bash", "-c");
        assumeTrue(
                succeeds(with(unshare, "mount -t tmpfs -o size=1m tmpfs " + disk)),
                "skipped: this system lets nobody mount a small disk of their own");
        Process child = start(with(unshare, script), "too-much", disk.resolve("out"));
        try (BufferedReader lines = child.inputReader()) {
            List<String> printed = lines.lines().toList();
            assertEquals(
                    "cannot be written: No space left on device (" + disk.resolve("out")
                            + "): make room or name another place; what stood there is unchanged",
                    printed.getFirst());
            assertEquals(List.of("old", "out"), printed.subList(1, printed.size()));
        }
    }

    /** Of every call, one after the other: a disk that is broken, full or gone, with names that can be swapped and without. */
    @Test
    void whateverSystemCallFailsAWholeOutputStands() throws Exception {
        Path watcher = temp.resolve("faults");
        assumeTrue(
                succeeds(List.of("gcc", "-O1", "-o", watcher.toString(), "../tools/lib/faults.c"))
                        && succeeds(List.of(watcher.toString(), temp.toString(), temp + "/log", "0", "true")),
                "skipped: no gcc, or no way to watch system calls here");
        // Some thousand flushes of a real disk would take most of the time.
        Path memory = Path.of("/dev/shm");
        Path watched = Files.createTempDirectory(Files.isWritable(memory) ? memory : temp, "espalier-faults-");
        String log = temp.resolve("log").toString();
        try {
            Process child = start(
                    List.of(watcher.toString(), watched.toString(), log, "0"),
                    OutputFaults.class,
                    watched.toString(),
                    log);
            String line = onlyLine(child);
            assertTrue(Integer.parseInt(line) > 300, line);
            assertEquals(0, child.waitFor());
        } finally {
            try (Stream<Path> all = Files.walk(watched)) {
                all.sorted(Comparator.reverseOrder())
                        .forEach(path -> path.toFile().delete());
            }
        }
    }

    private static void assertWholeFolder(Path folder, int generation) throws IOException {
        assertEquals(List.of("config.json", "model.safetensors"), TestFiles.names(folder));
        assertArrayEquals(OutputChild.generation(generation), Files.readAllBytes(folder.resolve("config.json")));
        assertArrayEquals(OutputChild.generation(generation), Files.readAllBytes(folder.resolve("model.safetensors")));
    }

    private static Process start(List<String> prefix, String subject, Path target) throws IOException {
        return start(prefix, OutputChild.class, subject, target.toString());
    }

    private static Process start(List<String> prefix, Class<?> program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-UsePerfData",
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static String onlyLine(Process process) throws IOException {
        try (BufferedReader lines = process.inputReader()) {
            List<String> printed = lines.lines().toList();
            assertEquals(1, printed.size(), () -> String.join("\n", printed));
            return printed.getFirst();
        }
    }

    private static boolean succeeds(List<String> command) throws InterruptedException {
        try {
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static List<String> with(List<String> list, String last) {
        List<String> all = new ArrayList<>(list);
        all.add(last);
        return all;
    }
}
