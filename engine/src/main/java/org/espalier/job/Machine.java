package org.espalier.job;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.espalier.ffi.SystemMemory;

/** The machine that a number was measured on. */
public final class Machine {

    private static final Path CPU = Path.of("/proc/cpuinfo");
    private static final Set<String> VECTOR_FEATURES =
            Set.of("avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8");

    private Machine() {}

    /** The processor's name as the system gives it. */
    public static String cpu() {
        return first(CPU, "model name\\s*:\\s*(.+)").orElse(System.getProperty("os.arch"));
    }

    /** The processor's instructions that matter for speed, in order of name. */
    public static List<String> features() {
        return first(CPU, "flags\\s*:\\s*(.+)").stream()
                .flatMap(flags -> Stream.of(flags.split("\\s+")))
                .filter(VECTOR_FEATURES::contains)
                .sorted()
                .toList();
    }

    /** The most memory that this process had resident, in bytes, mapped files included; 0 where the system does not say. */
    public static long peakMemory() {
        return first(Path.of("/proc/self/status"), "VmHWM:\\s*(\\d+) kB")
                .map(kb -> 1024 * Long.parseLong(kb))
                .orElse(0L);
    }

    /** Memory that this process has resident now, in bytes, mapped files aside; 0 where the system does not say. */
    public static long anonymousMemory() {
        return first(Path.of("/proc/self/status"), "RssAnon:\\s*(\\d+) kB")
                .map(kb -> 1024 * Long.parseLong(kb))
                .orElse(0L);
    }

    /** A size for people. */
    public static String size(long bytes) {
        return bytes < 1_000_000_000
                ? "%,d MB".formatted(Math.ceilDiv(bytes, 1_000_000))
                : "%.1f GB".formatted(bytes / 1e9);
    }

    /** Memory that can be had without swapping, within a container's limit, in bytes; 0 where the system does not say. */
    public static long memoryAvailable() {
        return SystemMemory.here().available();
    }

    /** Memory in all, or a container's, in bytes; 0 where the system does not say. */
    public static long memory() {
        return SystemMemory.here().total();
    }

    private static Optional<String> first(Path file, String pattern) {
        Pattern compiled = Pattern.compile(pattern);
        try (Stream<String> lines = Files.lines(file)) {
            return lines.map(compiled::matcher)
                    .filter(Matcher::matches)
                    .map(m -> m.group(1))
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
