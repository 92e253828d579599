package org.espalier.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** A folder for the files of one input after the other, in memory where the system has such a place. */
final class Scratch implements AutoCloseable {

    private static final Path IN_MEMORY = Path.of("/dev/shm");

    private final Path folder;
    private final Set<String> present = new HashSet<>();

    Scratch() throws IOException {
        folder = Files.isWritable(IN_MEMORY)
                ? Files.createTempDirectory(IN_MEMORY, "espalier-fuzz-")
                : Files.createTempDirectory("espalier-fuzz-");
    }

    Path folder() {
        return folder;
    }

    /** Puts the files of an input in place of those of the one before. */
    void write(Input input) throws IOException {
        for (String name : List.copyOf(present)) {
            if (!input.files().containsKey(name)) {
                Files.deleteIfExists(folder.resolve(name));
                present.remove(name);
            }
        }
        input.writeInto(folder);
        present.addAll(input.names());
    }

    @Override
    public void close() throws IOException {
        List<Path> all;
        try (Stream<Path> found = Files.walk(folder)) {
            all = found.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
