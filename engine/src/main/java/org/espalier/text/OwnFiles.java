package org.espalier.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.espalier.file.WriteFailure;

/**
 * Small files in a folder of their own, which is gone once it is closed.
 *
 * @param path the folder
 */
record OwnFiles(Path path) implements AutoCloseable {

    /** Writes files, by name. */
    static OwnFiles of(Map<String, byte[]> files) {
        OwnFiles own = new OwnFiles(create());
        try {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                Files.write(own.path.resolve(file.getKey()), file.getValue());
            }
            return own;
        } catch (IOException e) {
            own.close();
            throw WriteFailure.of(e, own.path);
        }
    }

    private static Path create() {
        try {
            return Files.createTempDirectory("espalier-tokenizer");
        } catch (IOException e) {
            throw WriteFailure.of(e, Path.of(System.getProperty("java.io.tmpdir")));
        }
    }

    @Override
    public void close() {
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw WriteFailure.of(e, path);
        }
    }
}
