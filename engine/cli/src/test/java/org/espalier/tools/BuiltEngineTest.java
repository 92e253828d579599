package org.espalier.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.espalier.tools.Sandbox.Result;
import org.junit.jupiter.api.Test;

/** The real tools/engine with what tools/test has built. */
class BuiltEngineTest {

    private static Result engine(String... arguments) throws IOException, InterruptedException {
        assumeTrue(Boolean.getBoolean("espalier.built"), "the engine is not built; run the tests with tools/test");
        List<String> line = new ArrayList<>(
                List.of(Sandbox.repository().resolve("tools/engine").toString()));
        line.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(line);
        builder.environment().remove("JAVA_HOME");
        return Sandbox.finish(builder.start());
    }

    @Test
    void versionStarts() throws Exception {
        requireVersion();
    }

    private static void requireVersion() throws Exception {
        Result result = engine("--version");
        assertEquals(0, result.status(), result.err());
        assertTrue(result.out().startsWith("engine "), result.out());
        assertEquals("", result.err());
    }

    /** Through the whole launch with the Vector API, whose warning must not be seen, nor what Java says of its cache. */
    @Test
    void wrongUsageOfAComputingCommandIsOneLine() throws Exception {
        Result result = engine("generate");
        assertEquals(2, result.status());
        assertEquals("", result.out());
        assertTrue(result.err().matches("engine: .+ \\(.+\\): .+\n"), result.err());
    }

    /** The file is exchanged, not written over: another start may have it mapped. */
    @Test
    void aDamagedStartCacheIsNotSeen() throws Exception {
        Path cache = Sandbox.repository().resolve(".build/start.aot");
        assumeTrue(Files.exists(cache), "this JDK makes no start cache");
        Path damaged = Files.write(cache.resolveSibling("start.damaged"), new byte[100]);
        Files.move(damaged, cache, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        requireVersion();
        assertTrue(Files.size(cache) > 1 << 20, "it was not made again");
        requireVersion();
    }

    /** One bit in its middle, which neither its size nor its time shows. */
    @Test
    void aDamagedBitOfTheStartCacheIsNotSeen() throws Exception {
        Path cache = Sandbox.repository().resolve(".build/start.aot");
        assumeTrue(Files.exists(cache), "this JDK makes no start cache");
        byte[] bytes = Files.readAllBytes(cache);
        bytes[bytes.length / 2] ^= 4;
        Path damaged = Files.write(cache.resolveSibling("start.damaged"), bytes);
        Files.setLastModifiedTime(damaged, Files.getLastModifiedTime(cache));
        Files.move(damaged, cache, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        requireVersion();
        assertFalse(Arrays.equals(bytes, Files.readAllBytes(cache)), "it was not made again");
    }

    @Test
    void failureIsOneLine() throws Exception {
        Result result = engine("info", "no such model");
        assertEquals(1, result.status());
        assertEquals("", result.out());
        assertTrue(result.err().matches("engine: .+ \\(no such model\\): .+\n"), result.err());
    }
}
