package org.espalier.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A folder for the files of one input after the other, in memory where the system has such a place. */
final class Scratch implements AutoCloseable {

    private static final Path IN_MEMORY = Path.of("/dev/shm");

    private final Path folder;
    /** What lies there; a file that two inputs share is the same array. */
    private final Map<String, byte[]> present = new HashMap<>();

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
        for (String name : List.copyOf(present.keySet())) {
            if (!input.files().containsKey(name)) {
                Files.deleteIfExists(folder.resolve(name));
                present.remove(name);
            }
        }
        for (Map.Entry<String, byte[]> file : input.files().entrySet()) {
            if (present.put(file.getKey(), file.getValue()) != file.getValue()) {
                Files.write(folder.resolve(file.getKey()), file.getValue());
            }
        }
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
