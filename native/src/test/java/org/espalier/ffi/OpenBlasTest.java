package org.espalier.ffi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Unpacking the library, choosing another one, and what is said when neither works. */
class OpenBlasTest {

    private static final String FOLDER = "org/bytedeco/openblas/linux-x86_64/";
    private static final List<String> SMALL = List.of("libgcc_s.so.1", "libquadmath.so.0");

    @TempDir
    Path temporary;

    @Test
    void descriptionNamesConfigurationCoreAndOneThread() {
        String description = OpenBlas.description();
        assertTrue(description.startsWith("OpenBLAS 0.3."), description);
        assertTrue(description.contains(", core "), description);
        assertTrue(description.contains(", threads 1,"), description);
    }

    @Test
    void unpacksOnceAndReplacesWhatIsDamaged() throws IOException {
        LibraryCache cache = new LibraryCache(temporary.resolve("new/cache"));
        Path folder = cache.unpack(packed(SMALL.get(0)), SMALL);
        assertTrue(
                folder.getFileName().toString().matches("openblas-[\\d.-]+-linux-x86_64-[0-9a-f]{8}"),
                folder.toString());
        Path file = folder.resolve(SMALL.get(0));
        byte[] whole = Files.readAllBytes(file);
        assertArrayEquals(packed(SMALL.get(0)).openStream().readAllBytes(), whole);

        Object untouched = Files.getAttribute(file, "unix:ino");
        cache.unpack(packed(SMALL.get(0)), SMALL);
        assertEquals(untouched, Files.getAttribute(file, "unix:ino"));

        byte[] flipped = whole.clone();
        flipped[whole.length / 2] ^= 1;
        for (byte[] damage : List.of(flipped, new byte[0], new byte[whole.length])) {
            Files.write(file, damage);
            cache.unpack(packed(SMALL.get(0)), SMALL);
            assertArrayEquals(whole, Files.readAllBytes(file));
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(SMALL.size(), left.count(), "files left aside");
        }
    }

    @Test
    void failedUnpackingLeavesNothingAside() throws IOException {
        LibraryCache cache = new LibraryCache(temporary);
        Path folder = cache.unpack(packed(SMALL.get(0)), SMALL);
        Path inTheWay = folder.resolve(SMALL.get(0));
        Files.delete(inTheWay);
        Files.createDirectories(inTheWay.resolve("not empty"));
        Failure failure = assertThrows(Failure.class, () -> cache.unpack(packed(SMALL.get(0)), SMALL));
        assertEquals(inTheWay.toString(), failure.place());
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(SMALL.size(), left.count(), "files left aside");
        }
    }

    @Test
    void cacheThatCannotBeWrittenIsOneLine() throws IOException {
        Path notAFolder = Files.createFile(temporary.resolve("file"));
        Failure failure =
                assertThrows(Failure.class, () -> OpenBlas.open(Optional.empty(), new LibraryCache(notAFolder)));
        assertTrue(failure.oneLine().contains("XDG_CACHE_HOME"), failure.oneLine());
        assertTrue(failure.oneLine().contains("-Despalier.cache"), failure.oneLine());
        assertFalse(failure.getMessage().contains("\n"), failure.getMessage());
    }

    @Test
    void givenPathWins() {
        LibraryCache cache = new LibraryCache(temporary.resolve("first"));
        String path = OpenBlas.open(Optional.empty(), cache).name();
        LibraryCache unused = new LibraryCache(temporary.resolve("unused"));
        assertEquals(path, OpenBlas.open(Optional.of(path), unused).name());
        assertFalse(Files.exists(temporary.resolve("unused")));
    }

    @Test
    void wrongGivenPathIsOneLine() throws IOException {
        Path text = Files.writeString(temporary.resolve("text.so"), "not a library");
        LibraryCache unused = new LibraryCache(temporary.resolve("unused"));
        for (String path : List.of("/nonexistent/libopenblas.so", text.toString(), temporary.toString())) {
            Failure failure = assertThrows(Failure.class, () -> OpenBlas.open(Optional.of(path), unused));
            assertEquals(path, failure.place());
            assertTrue(failure.oneLine().contains("ESPALIER_OPENBLAS"), failure.oneLine());
            assertFalse(failure.getMessage().contains("\n"), failure.getMessage());
        }
        Failure other = assertThrows(Failure.class, () -> OpenBlas.open(Optional.of("libm.so.6"), unused));
        assertTrue(other.problem().contains("is not OpenBLAS"), other.oneLine());
    }

    @Test
    void portableModeChoosesTheKernelsOfAvx2() throws Exception {
        String description =
                describe("-D" + OpenBlas.PORTABLE_PROPERTY + "=true", "-D" + OpenBlas.PATH.property() + "=");
        assertTrue(description.contains(", core Haswell, threads 1,"), description);
    }

    @Test
    void twoProcessesMayUnpackAtOnce() throws Exception {
        Process one = start("-Despalier.cache=" + temporary);
        Process other = start("-Despalier.cache=" + temporary);
        for (Process process : List.of(one, other)) {
            String description = outputOf(process);
            assertTrue(description.contains("from " + temporary), description);
        }
    }

    @Test
    void userWithoutAWritableCacheReadsOneLine() throws Exception {
        Path notAFolder = Files.createFile(temporary.resolve("file"));
        Process process = start("-Despalier.cache=" + notAFolder);
        assertEquals(1, outputOf(process, 1).lines().count());
    }

    private static String describe(String... options) throws Exception {
        return outputOf(start(options));
    }

    private static Process start(String... options) throws IOException {
        List<String> command = Stream.of(
                        Stream.of(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path")),
                        Stream.of(options),
                        Stream.of(Describe.class.getName()))
                .flatMap(s -> s)
                .toList();
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static String outputOf(Process process) throws Exception {
        return outputOf(process, 0);
    }

    private static String outputOf(Process process, int exit) throws Exception {
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "does not end");
            assertEquals(exit, process.exitValue(), output);
            return output;
        } finally {
            process.destroyForcibly();
        }
    }

    private static URL packed(String file) {
        return OpenBlas.class.getClassLoader().getResource(FOLDER + file);
    }

    /** What a process of its own says of its library. */
    static final class Describe {
        public static void main(String[] arguments) {
            try {
                System.out.println(OpenBlas.description());
            } catch (Failure failure) {
                System.out.println(failure.oneLine());
                System.exit(1);
            }
        }
    }
}
