package org.espalier.format;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.error.Failure;

/** Opens models on disk, whatever their format. */
public final class Checkpoints {

    private static final String ADVICE = "name a folder with config.json and model.safetensors, or a .gguf file";

    private Checkpoints() {}

    /**
     * Opens a folder (safetensors, single or sharded, with {@code config.json}; or holding one {@code .gguf} file and no
     * safetensors) or a {@code .gguf} file.
     *
     * @throws Failure if there is no such model, or a file is not what it says
     */
    public static Checkpoint open(Path path) {
        return open(path, true);
    }

    /** As {@link #open}, also for a folder that holds only a {@code config.json}: its checkpoint has no tensors. */
    public static Checkpoint describe(Path path) {
        return open(path, false);
    }

    /** Whether {@code path} is a {@code .gguf} file. */
    public static boolean isGguf(Path path) {
        return Files.isRegularFile(path) && path.getFileName().toString().endsWith(GgufFile.SUFFIX);
    }

    private static Checkpoint open(Path path, boolean weightsNeeded) {
        if (!Files.exists(path)) {
            throw new Failure("no such model", path.toString(), ADVICE);
        }
        if (!Files.isDirectory(path)) {
            if (!path.getFileName().toString().endsWith(GgufFile.SUFFIX)) {
                throw new Failure("is neither a folder nor a .gguf file", path.toString(), ADVICE);
            }
            return GgufCheckpoint.open(path);
        }
        if (hasSafetensors(path)) {
            return Int8Checkpoint.of(SafetensorsCheckpoint.open(path), weightsNeeded);
        }
        List<Path> ggufs = ggufFiles(path);
        if (ggufs.size() == 1) {
            return GgufCheckpoint.open(ggufs.getFirst());
        }
        if (ggufs.size() > 1) {
            throw new Failure("folder holds " + ggufs.size() + " .gguf files", path.toString(), "name one of them");
        }
        if (!weightsNeeded && Files.exists(path.resolve(SafetensorsCheckpoint.CONFIG))) {
            return Int8Checkpoint.of(SafetensorsCheckpoint.describe(path), false);
        }
        throw new Failure(
                "folder holds no model.safetensors, model.safetensors.index.json or .gguf file",
                path.toString(),
                ADVICE);
    }

    private static boolean hasSafetensors(Path folder) {
        return Files.exists(folder.resolve(SafetensorsCheckpoint.SINGLE))
                || Files.exists(folder.resolve(SafetensorsCheckpoint.INDEX));
    }

    /** The models in GGUF files that lie in a folder; of one in several parts, the first part. */
    public static List<Path> ggufFiles(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Checkpoints::isGguf)
                    .filter(file -> !GgufParts.isContinuation(file))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new Failure(
                    "folder cannot be read: " + e.getMessage(), folder.toString(), "check its permissions", e);
        }
    }
}
