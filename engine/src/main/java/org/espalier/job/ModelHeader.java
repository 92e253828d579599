package org.espalier.job;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.StoredTensor;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.tensor.DType;

/**
 * What a model's configuration and the headers of its files say of it; no weight is read.
 *
 * @param config      its shape
 * @param dtypes      numbers that are stored in each type; none where there is a configuration alone
 * @param weightBytes of all that is stored
 */
record ModelHeader(ModelConfig config, SequencedMap<DType, Long> dtypes, long weightBytes) {

    /**
     * Reads it.
     *
     * @param model a checkpoint folder, a GGUF file or a config.json alone
     * @throws org.espalier.error.Failure if it is no model, or not one that is known
     */
    static ModelHeader read(Path model) {
        String where = model.toString();
        if (Files.isRegularFile(model) && where.endsWith(".json")) {
            return new ModelHeader(Architectures.read(Json.readObject(model), where), new LinkedHashMap<>(), 0);
        }
        try (Checkpoint checkpoint = Checkpoints.describe(model)) {
            ModelConfig config = Architectures.read(checkpoint.config(), where);
            SequencedMap<DType, Long> dtypes = new LinkedHashMap<>();
            long bytes = 0;
            for (StoredTensor tensor : checkpoint.tensors().values()) {
                dtypes.merge(tensor.type(), tensor.shape().elements(), Long::sum);
                bytes += tensor.bytes().byteSize();
            }
            return new ModelHeader(config, dtypes, bytes);
        }
    }
}
