package org.espalier.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.espalier.backend.Backend;
import org.espalier.backend.OpCase;
import org.espalier.backend.Precision;
import org.espalier.ffi.NativeMemory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every operation gives the same bytes at any number of threads, with and without vector instructions. */
class SameBytesTest {

    /** Enough runs for the optimising compiler to have replaced every kernel. */
    private static final int WARM_UP = 60;

    private static Map<String, Long> ofOneThread;

    @BeforeAll
    static void runOnOneThread() {
        try (CpuBackend cpu = new CpuBackend(1)) {
            ofOneThread = EveryOperation.checksums(cpu, EveryOperation.cases(EveryOperation.LARGE));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5})
    void atAnyNumberOfThreads(int threads) {
        List<OpCase<? super Backend>> cases = EveryOperation.cases(EveryOperation.LARGE);
        try (CpuBackend cpu = new CpuBackend(threads)) {
            for (int round = 0; round < 2; round++) {
                assertSame(ofOneThread, EveryOperation.checksums(cpu, cases));
            }
        }
        assertEquals(List.of(), NativeMemory.outstanding());
    }

    /** In the other precisions too, that of products with the processor's bfloat16 instructions where it has any. */
    @ParameterizedTest
    @EnumSource(
            value = Precision.class,
            names = {"HALF", "SPLIT"})
    void inOtherPrecisions(Precision precision) {
        List<OpCase<? super Backend>> cases = EveryOperation.cases(EveryOperation.LARGE);
        try (CpuBackend one = new CpuBackend(1, precision);
                CpuBackend three = new CpuBackend(3, precision)) {
            Map<String, Long> expected = EveryOperation.checksums(one, cases);
            assertSame(expected, EveryOperation.checksums(three, cases));
            assertNotEquals(ofOneThread, expected);
        }
        assertEquals(List.of(), NativeMemory.outstanding());
    }

    /** The first compiler makes no vector instructions, no more than the interpreter does, and is much faster than that. */
    @Test
    void withoutVectorInstructions(@TempDir Path folder) throws IOException, InterruptedException {
        Map<String, Long> scalar = inAnotherJvm(folder, "-XX:TieredStopAtLevel=1");
        List<OpCase<? super Backend>> cases = EveryOperation.cases(EveryOperation.SMALL);
        try (CpuBackend cpu = new CpuBackend(2)) {
            for (int round = 0; round < WARM_UP; round++) {
                assertSame(scalar, EveryOperation.checksums(cpu, cases));
            }
        }
    }

    /** Also where there is no AVX-512; on a processor that has none, this compares a JVM with its like. */
    @Test
    void withShorterVectors(@TempDir Path folder) throws IOException, InterruptedException {
        Map<String, Long> shorter = inAnotherJvm(folder, "-XX:UseAVX=2");
        List<OpCase<? super Backend>> cases = EveryOperation.cases(EveryOperation.SMALL);
        try (CpuBackend cpu = new CpuBackend(2)) {
            assertSame(shorter, EveryOperation.checksums(cpu, cases));
        }
    }

    private static void assertSame(Map<String, Long> expected, Map<String, Long> actual) {
        TreeSet<String> different = new TreeSet<>();
        expected.forEach((name, sum) -> {
            if (!sum.equals(actual.get(name))) {
                different.add(name);
            }
        });
        assertEquals(expected.keySet(), actual.keySet());
        assertEquals(List.of(), List.copyOf(different));
    }

    private static Map<String, Long> inAnotherJvm(Path folder, String option) throws IOException, InterruptedException {
        Path output = folder.resolve("checksums");
        Path errors = folder.resolve("errors");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        option,
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        ManagementFactory.getRuntimeMXBean().getClassPath(),
                        EveryOperation.class.getName())
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile())
                .start();
        assertEquals(0, process.waitFor(), () -> read(errors));
        Map<String, Long> sums = new LinkedHashMap<>();
        for (String line : Files.readAllLines(output)) {
            int equals = line.lastIndexOf('=');
            sums.put(line.substring(0, equals), Long.valueOf(line.substring(equals + 1)));
        }
        assertTrue(sums.size() > 400, "only " + sums.size() + " checksums");
        return sums;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
