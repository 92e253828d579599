package org.espalier.tune;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.error.Failure;
import org.espalier.format.SafetensorsFile;
import org.espalier.format.SafetensorsWriter;
import org.espalier.format.StoredTensor;
import org.espalier.format.TensorEntry;
import org.espalier.model.TensorFiles;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * AdamW's moments beside an adapter whose training goes on, and what was learned when the held-out loss was lowest:
 * {@code optimizer.safetensors}.
 */
public final class OptimizerFile {

    /** The name of the file in an adapter's folder. */
    public static final String NAME = "optimizer.safetensors";

    private static final String FIRST = "first.";
    private static final String SECOND = "second.";
    private static final String BEST = "best.";

    private OptimizerFile() {}

    /** Whether the training of the adapter in this folder is not at its end. */
    public static boolean isIn(Path folder) {
        return Files.isRegularFile(folder.resolve(NAME));
    }

    static void writeInto(Path folder, Backend backend, Trainer trainer, BestState best) throws IOException {
        List<TensorEntry> entries = new ArrayList<>();
        trainer.firstMoments()
                .forEach((name, m) -> entries.add(TensorFiles.entry(backend, FIRST + name, m, DType.F32)));
        trainer.secondMoments()
                .forEach((name, v) -> entries.add(TensorFiles.entry(backend, SECOND + name, v, DType.F32)));
        best.tensors().forEach((name, b) -> entries.add(TensorFiles.entry(backend, BEST + name, b, DType.F32)));
        SafetensorsWriter.write(folder.resolve(NAME), entries);
    }

    /**
     * @param hasBest whether there was a held-out loss
     * @throws Failure if they are not those of this training's matrices
     */
    static void readFrom(Path folder, Backend backend, Trainer trainer, BestState best, boolean hasBest) {
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(NAME));
                Queue queue = backend.newQueue()) {
            load(backend, queue, file, FIRST, trainer.firstMoments());
            load(backend, queue, file, SECOND, trainer.secondMoments());
            if (hasBest) {
                load(backend, queue, file, BEST, best.room());
            }
        }
    }

    private static void load(
            Backend backend, Queue queue, SafetensorsFile file, String prefix, Map<String, Tensor> moments) {
        moments.forEach((name, moment) -> {
            StoredTensor stored = file.tensors().get(prefix + name);
            if (stored == null || stored.type() != DType.F32 || !stored.shape().equals(moment.shape())) {
                throw new Failure(
                        "tensor '" + prefix + name + "' is not as the training needs it",
                        file.path().toString(),
                        "go on with the model and settings that the training was begun with, or start it again");
            }
            TensorFiles.load(backend, queue, stored, moment);
        });
    }
}
