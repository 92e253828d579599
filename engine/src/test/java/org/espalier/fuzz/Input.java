package org.espalier.fuzz;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;

/** What a reader is given: the files of one folder, by name. */
public record Input(SequencedMap<String, byte[]> files) {

    /** One file. */
    public static Input of(String name, byte[] content) {
        return new Input(new LinkedHashMap<>(Map.of(name, content)));
    }

    /** One file of UTF-8. */
    public static Input of(String name, String content) {
        return of(name, content.getBytes(StandardCharsets.UTF_8));
    }

    /** The same with another content of one file. */
    Input with(String name, byte[] content) {
        SequencedMap<String, byte[]> changed = new LinkedHashMap<>(files);
        changed.put(name, content);
        return new Input(changed);
    }

    Input with(String name, String content) {
        return with(name, content.getBytes(StandardCharsets.UTF_8));
    }

    /** The names of all files. */
    public List<String> names() {
        return List.copyOf(files.keySet());
    }

    /** The content of a file; null if there is none of this name. */
    public byte[] file(String name) {
        return files.get(name);
    }

    /** A file as UTF-8, where bytes that are none become replacement characters. */
    public String text(String name) {
        return new String(files.get(name), StandardCharsets.UTF_8);
    }

    long bytes() {
        return files.values().stream().mapToLong(content -> content.length).sum();
    }

    /** Writes the files into a folder that is there. */
    void writeInto(Path folder) throws IOException {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
    }

    /** Every file of a folder. */
    static Input read(Path folder) throws IOException {
        SequencedMap<String, byte[]> files = new LinkedHashMap<>();
        try (Stream<Path> found = Files.list(folder)) {
            for (Path file : found.filter(Files::isRegularFile).sorted().toList()) {
                files.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
        }
        return new Input(files);
    }
}
