package org.espalier.cli.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What stands at a place: the files by name, each with what tells its content from another. Of texts that say how long
 * something took, numbers do not count.
 */
record Standing(Map<String, Integer> files) {

    /** Nothing. */
    static final Standing NOTHING = new Standing(Map.of());

    /** A file, or all that is in a folder; nothing if it is not there. */
    static Standing at(Path place) {
        Map<String, Integer> files = new TreeMap<>();
        for (Path path : tree(place)) {
            if (Files.isRegularFile(path)) {
                files.put(place.relativize(path).toString(), content(path));
            }
        }
        return new Standing(files);
    }

    private static int content(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            String name = file.getFileName().toString();
            if (name.endsWith(".jsonl")) {
                return new String(bytes, StandardCharsets.UTF_8)
                        .replaceAll("\"(seconds|tokens_per_second)\":[^,}]+", "")
                        .hashCode();
            }
            return name.endsWith(".json") || name.endsWith(".html")
                    ? new String(bytes, StandardCharsets.UTF_8)
                            .replaceAll("[-+0-9.eE]+", "0")
                            .hashCode()
                    : Arrays.hashCode(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes another content of what stands there, which can be told from the first. */
    static void mark(Path place) {
        Path first = tree(place).stream()
                .filter(Files::isRegularFile)
                .sorted()
                .findFirst()
                .orElseThrow();
        try {
            Files.write(first, new byte[] {'\n'}, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Removes all that is in a folder. */
    static void empty(Path folder) {
        List<Path> all = tree(folder).stream()
                .filter(path -> !path.equals(folder))
                .sorted(Comparator.reverseOrder())
                .toList();
        try {
            for (Path path : all) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Copies a file, or a folder with all that is in it. */
    static void copy(Path from, Path to) {
        try {
            for (Path path : tree(from)) {
                Files.copy(path, to.resolve(from.relativize(path).toString()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A path and what is in it, a folder before what it holds; nothing if it is not there. */
    private static List<Path> tree(Path root) {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (Stream<Path> all = Files.walk(root)) {
            return all.toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
