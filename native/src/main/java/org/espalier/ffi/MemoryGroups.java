package org.espalier.ffi;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * The control groups that limit a process's memory: its own and all above it, each with the files of version 2
 * ({@code memory.max}) or version 1 ({@code memory.limit_in_bytes}). Inside a container the paths may be those of the
 * host, of which only the end, or nothing, is there; what is not there says nothing.
 */
final class MemoryGroups {

    /** The names that a version gives to the limit, to what is in use, and to the cached files among that. */
    private enum Version {
        ONE("memory.limit_in_bytes", "memory.usage_in_bytes", List.of("total_inactive_file", "total_active_file")),
        TWO("memory.max", "memory.current", List.of("inactive_file", "active_file"));

        private final String limit;
        private final String usage;
        private final List<String> cached;

        Version(String limit, String usage, List<String> cached) {
            this.limit = limit;
            this.usage = usage;
            this.cached = cached;
        }
    }

    private record Group(Version version, Path folder) {

        /** Bytes; the largest number where there is no limit. */
        long limit() {
            return first(folder.resolve(version.limit)).orElse(Long.MAX_VALUE);
        }

        /** Bytes that may still be had; the system takes cached files' memory back when it needs it. */
        long available() {
            long limit = limit();
            return limit == Long.MAX_VALUE
                    ? limit
                    : limit - first(folder.resolve(version.usage)).orElse(0L) + cached();
        }

        private long cached() {
            return lines(folder.resolve("memory.stat"))
                    .map(line -> line.split(" ", 2))
                    .filter(words -> words.length == 2 && version.cached.contains(words[0]))
                    .mapToLong(words -> number(words[1]).orElse(0L))
                    .sum();
        }
    }

    private final List<Group> groups;

    private MemoryGroups(List<Group> groups) {
        this.groups = groups;
    }

    /** Those of this process on a file system that holds {@code proc} and {@code sys}. */
    static MemoryGroups of(Path root) {
        Path mount = root.resolve("sys/fs/cgroup");
        List<Group> groups = new ArrayList<>();
        lines(root.resolve("proc/self/cgroup")).forEach(line -> {
            String[] parts = line.split(":", 3);
            if (parts.length == 3 && parts[1].isEmpty()) {
                add(groups, Version.TWO, mount, parts[2]);
            } else if (parts.length == 3 && List.of(parts[1].split(",")).contains("memory")) {
                add(groups, Version.ONE, mount.resolve("memory"), parts[2]);
            }
        });
        return new MemoryGroups(groups);
    }

    private static void add(List<Group> groups, Version version, Path mount, String path) {
        Path inside = Path.of("/").relativize(Path.of("/" + path).normalize());
        for (Path folder = mount.resolve(inside); folder.startsWith(mount); folder = folder.getParent()) {
            groups.add(new Group(version, folder));
        }
    }

    /** The least limit, in bytes; the largest number where there is none. */
    long total() {
        return least(Group::limit);
    }

    /** The least that some group leaves, in bytes, negative where it has more than its limit. */
    long available() {
        return least(Group::available);
    }

    private long least(ToLongFunction<Group> bytes) {
        return groups.stream().mapToLong(bytes).min().orElse(Long.MAX_VALUE);
    }

    private static Optional<Long> first(Path file) {
        return lines(file).findFirst().flatMap(MemoryGroups::number);
    }

    /** Nothing for {@code max}. */
    private static Optional<Long> number(String text) {
        try {
            return Optional.of(Long.parseLong(text.strip()));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private static Stream<String> lines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.toList().stream();
        } catch (IOException | UncheckedIOException e) {
            return Stream.empty();
        }
    }
}
