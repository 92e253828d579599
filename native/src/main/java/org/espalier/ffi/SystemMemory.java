package org.espalier.ffi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The memory that this process may have: the machine's, or less where a control group limits it, as a container's does.
 * Linux says both in small files.
 */
public final class SystemMemory {

    private final Path root;

    /** @param root of the file system that holds {@code proc} and {@code sys} */
    SystemMemory(Path root) {
        this.root = root;
    }

    /** That of this machine. */
    public static SystemMemory here() {
        return new SystemMemory(Path.of("/"));
    }

    /** Memory that can be had without swapping, in bytes, at least 1; 0 where the system does not say. */
    public long available() {
        return least(machine("MemAvailable"), groups().available());
    }

    /** Memory in all, in bytes; 0 where the system does not say. */
    public long total() {
        return least(machine("MemTotal"), groups().total());
    }

    /** What can be had if other things are swapped out, in bytes; 0 where the system does not say. */
    long withSwap() {
        long available = available();
        return available == 0 ? 0 : available + machine("SwapFree");
    }

    private MemoryGroups groups() {
        return MemoryGroups.of(root);
    }

    private static long least(long machine, long groups) {
        return machine == 0 ? 0 : Math.min(machine, Math.max(1, groups));
    }

    private long machine(String key) {
        Pattern line = Pattern.compile(key + ":\\s*(\\d+) kB");
        try (Stream<String> lines = Files.lines(root.resolve("proc/meminfo"))) {
            Optional<Long> kilobytes = lines.map(line::matcher)
                    .filter(Matcher::matches)
                    .map(matcher -> Long.parseLong(matcher.group(1)))
                    .findFirst();
            return kilobytes.orElse(0L) * 1024;
        } catch (IOException e) {
            return 0;
        }
    }
}
