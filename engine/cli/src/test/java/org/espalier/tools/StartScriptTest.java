package org.espalier.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Locale;
import org.espalier.tools.Sandbox.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** tools/engine: when it builds, what it says when it cannot, and what it hands to Java. */
class StartScriptTest {

    @TempDir
    private Path folder;

    private Sandbox sandbox;

    @BeforeEach
    void create() throws IOException {
        sandbox = new Sandbox(folder);
    }

    @AfterEach
    void remove() throws IOException {
        sandbox.close();
    }

    @Test
    void buildsOnceAndThenOnlyAfterChanges() throws Exception {
        sandbox.withJdk("25.0.1").withMaven();
        Result first = sandbox.engine("info");
        assertEquals(0, first.status(), first.err());
        assertTrue(first.err().matches("engine: building, .* done in \\d+\\.\\d s\n"), first.err());
        assertBuilds(1, "nothing changed");
        sandbox.write("engine/src/main/java/E.java", "class E { int x; }");
        assertBuilds(2, "a source changed");
        Files.delete(sandbox.root.resolve("native/src/main/java/N.java"));
        assertBuilds(3, "a source was deleted");
        sandbox.write("kernels/cuda/new.cu", "// new");
        assertBuilds(4, "a source was added");
        sandbox.write("engine/cli/src/main/java/C.java", "class C { int x; }");
        assertBuilds(5, "a source of the command line changed");
        sandbox.write("engine/cli/src/test/java/CTest.java", "class CTest { int x; }");
        assertBuilds(5, "a test changed");
        Files.delete(sandbox.root.resolve("engine/cli/target/espalier-cli-1.jar"));
        assertBuilds(6, "the jar is gone");
    }

    private void assertBuilds(int expected, String why) throws Exception {
        for (int i = 0; i < 2; i++) {
            Result result = sandbox.engine("info");
            assertEquals(0, result.status(), result.err());
            assertEquals(expected, sandbox.mavenRuns(), why);
        }
    }

    @Test
    void failedBuildShowsTheCompilersErrorsAndIsTriedAgain() throws Exception {
        sandbox.withJdk("25").withMaven();
        Path broken = sandbox.write("broken", "");
        Result failed = sandbox.engine("info");
        assertEquals(1, failed.status());
        assertEquals("", failed.out());
        assertTrue(failed.err().contains("E.java:[1,7] cannot find symbol"), failed.err());
        assertFalse(failed.err().contains("Re-run"), failed.err());
        assertTrue(
                failed.err().lines().toList().getLast().matches("engine: the build failed \\(.+\\): .+"), failed.err());
        Files.delete(broken);
        assertEquals(0, sandbox.engine("info").status());
        assertEquals(2, sandbox.mavenRuns());
    }

    @Test
    void whatABuildLeavesOutIsSaid() throws Exception {
        sandbox.withJdk("25").withMaven();
        String leftOut = "kernels: no nvcc found: the CUDA backend and its stand-in are left out\n";
        sandbox.write("said", "[INFO] done\n" + leftOut);
        Result first = sandbox.engine("info");
        assertEquals(0, first.status(), first.err());
        assertTrue(first.err().endsWith(" s\nengine: " + leftOut), first.err());
        assertEquals("", sandbox.engine("info").err());
    }

    @Test
    void secondStartWaitsForTheFirstsBuild() throws Exception {
        sandbox.withJdk("25").withMaven();
        Path engine = sandbox.root.resolve("tools/engine");
        Process first = sandbox.start(engine, "info");
        Process second = sandbox.start(engine, "info");
        assertEquals(0, Sandbox.finish(first).status());
        assertEquals(0, Sandbox.finish(second).status());
        assertEquals(1, sandbox.mavenRuns());
    }

    @Test
    void missingJdkIsOneLine() throws Exception {
        sandbox.withMaven();
        assertOneLine(sandbox.engine("info"), "no JDK 25 or later .*hold none.*: install one.*");
    }

    @Test
    void oldJdksAreNamed() throws Exception {
        sandbox.withJdk("17.0.15").withJdk("1.8.0_400").withMaven();
        assertOneLine(sandbox.engine("info"), "no JDK 25 or later .*hold 1, 17.*: install one.*");
    }

    @Test
    void newEnoughJdkIsFoundAmongOldOnes() throws Exception {
        sandbox.withJdk("17.0.15").withJdk("26-ea").withMaven();
        assertEquals(0, sandbox.engine("info").status());
    }

    @Test
    void missingMavenIsOneLine() throws Exception {
        sandbox.withJdk("25.0.1");
        assertOneLine(sandbox.engine("info"), "Maven is missing .*: install it.*");
    }

    @Test
    void worksThroughALinkFromAnotherFolderAndKeepsArgumentsWhole() throws Exception {
        sandbox.withJdk("25.0.1").withMaven();
        Path link = Files.createSymbolicLink(folder.resolve("my link"), sandbox.root.resolve("tools/engine"));
        Result result = Sandbox.finish(sandbox.start(link, "tokenize", "a  b", "", "*"));
        assertEquals(0, result.status(), result.err());
        assertTrue(result.out().endsWith("org.espalier.cli.Main\ntokenize\na  b\n\n*\n"), result.out());
        assertTrue(result.out().contains("my repository/engine/cli/target/espalier-cli-1.jar:"), result.out());
    }

    @Test
    void onlyCommandsThatComputeLoadTheVectorApi() throws Exception {
        sandbox.withJdk("25.0.1").withMaven();
        assertFalse(sandbox.engine("info", "m").out().contains("jdk.incubator.vector"));
        assertFalse(sandbox.engine("--version").out().contains("jdk.incubator.vector"));
        assertFalse(sandbox.engine("generate", "--help").out().contains("jdk.incubator.vector"));
        assertTrue(sandbox.engine("generate", "m").out().contains("jdk.incubator.vector"));
    }

    /** What Java finds wrong with a cache it says on every start, and what it does not find may end it. */
    @ParameterizedTest
    @CsvSource({"start, info", "compute, logits"})
    void aDamagedStartCacheIsMadeAgain(String name, String command) throws Exception {
        sandbox.withJdk("25.0.1").withMaven();
        assertStartsWithCache(name, command, 1);
        assertStartsWithCache(name, command, 1);
        Path cache = sandbox.root.resolve(".build/" + name + ".aot");
        Files.writeString(cache, "");
        assertStartsWithCache(name, command, 2);
        Files.writeString(cache, "other");
        assertStartsWithCache(name, command, 3);
        sandbox.replaceJdk("25.0.1");
        assertStartsWithCache(name, command, 4);
        Files.delete(sandbox.root.resolve(".build/" + name + ".state"));
        assertStartsWithCache(name, command, 5);
        // As large and as old as it was.
        FileTime made = Files.getLastModifiedTime(cache);
        Files.writeString(cache, Files.readString(cache).toUpperCase(Locale.ROOT));
        Files.setLastModifiedTime(cache, made);
        assertStartsWithCache(name, command, 6);
        Files.delete(cache);
        Result without = sandbox.engine(command);
        assertEquals(0, without.status(), without.err());
        assertFalse(without.out().contains("-XX:AOTCache="), without.out());
        assertEquals(1, sandbox.mavenRuns());
    }

    private void assertStartsWithCache(String name, String command, int made) throws Exception {
        Result result = sandbox.engine(command);
        assertEquals(0, result.status(), result.err());
        assertTrue(result.out().contains("-XX:AOTCache="), result.out());
        assertTrue(result.out().contains(name + ".aot"), result.out());
        assertEquals(made, sandbox.startCaches("25.0.1", name));
    }

    private static void assertOneLine(Result result, String pattern) {
        assertEquals(1, result.status());
        assertEquals("", result.out());
        assertTrue(result.err().matches("engine: " + pattern + "\n"), result.err());
    }
}
