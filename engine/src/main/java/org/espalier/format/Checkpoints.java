package org.espalier.format;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.error.Failure;

/** Finds out what kind of checkpoint a path is. */
final class Checkpoints {

    private static final String REMEDY = "name a folder with config.json and model.safetensors, or a .gguf file";

    private Checkpoints() {}

    static Checkpoint open(Path path, boolean weightsNeeded) {
        if (!Files.exists(path)) {
            throw new Failure("no such model", path.toString(), REMEDY);
        }
        if (!Files.isDirectory(path)) {
            if (!path.getFileName().toString().endsWith(GgufFile.SUFFIX)) {
                throw new Failure("is neither a folder nor a .gguf file", path.toString(), REMEDY);
            }
            return GgufCheckpoint.open(path);
        }
        if (hasSafetensors(path)) {
            return SafetensorsCheckpoint.open(path);
        }
        List<Path> ggufs = ggufFiles(path);
        if (ggufs.size() == 1) {
            return GgufCheckpoint.open(ggufs.getFirst());
        }
        if (ggufs.size() > 1) {
            throw new Failure("folder holds " + ggufs.size() + " .gguf files", path.toString(), "name one of them");
        }
        if (!weightsNeeded && Files.exists(path.resolve(SafetensorsCheckpoint.CONFIG))) {
            return SafetensorsCheckpoint.describe(path);
        }
        throw new Failure(
                "folder holds no model.safetensors, model.safetensors.index.json or .gguf file",
                path.toString(),
                REMEDY);
    }

    private static boolean hasSafetensors(Path folder) {
        return Files.exists(folder.resolve(SafetensorsCheckpoint.SINGLE))
                || Files.exists(folder.resolve(SafetensorsCheckpoint.INDEX));
    }

    private static List<Path> ggufFiles(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Checkpoint::isGguf).sorted().toList();
        } catch (IOException e) {
            throw new Failure(
                    "folder cannot be read: " + e.getMessage(), folder.toString(), "check its permissions", e);
        }
    }
}
