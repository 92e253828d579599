package org.espalier.format;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.file.Json;
import org.espalier.tensor.DType;

/**
 * Writes a model as Hugging Face has it: a folder of {@code config.json}, the weights in one {@code model.safetensors} or
 * in shards with an index, and small files beside them.
 */
public final class SafetensorsFolder implements ModelWriter {

    /** The file of all weights, where they are not split. */
    public static final String WEIGHTS = SafetensorsCheckpoint.SINGLE;

    /** The size above which weights are split, in bytes. */
    private static final long SHARD_BYTES = 5_000_000_000L;

    private final long shardBytes;

    /** Weights are split above 5 GB, as Hugging Face does it. */
    public SafetensorsFolder() {
        this(SHARD_BYTES);
    }

    /** @param shardBytes the size above which weights are split; a tensor never is */
    public SafetensorsFolder(long shardBytes) {
        this.shardBytes = shardBytes;
    }

    @Override
    public String description() {
        return "a folder for safetensors";
    }

    /** Any name but that of another format's file, which would mislead. */
    @Override
    public boolean writes(Path out) {
        return !out.toString().endsWith(GgufFile.SUFFIX);
    }

    @Override
    public boolean isFolder() {
        return true;
    }

    @Override
    public boolean stores(DType type) {
        return type.floating() && type.plain();
    }

    @Override
    public NumberTypes types(Optional<DType> requested) {
        return Conversion.plain(requested);
    }

    @Override
    public void writeInto(Path folder, ModelContent model) throws IOException {
        Files.write(folder.resolve(SafetensorsCheckpoint.CONFIG), Json.toBytes(model.config()));
        for (Map.Entry<String, byte[]> file : model.files().entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
        List<List<TensorEntry>> shards = shards(model.tensors());
        if (shards.size() == 1) {
            SafetensorsWriter.write(folder.resolve(SafetensorsCheckpoint.SINGLE), shards.getFirst());
        } else {
            writeShards(folder, shards, model.bytes());
        }
    }

    private static void writeShards(Path folder, List<List<TensorEntry>> shards, long bytes) throws IOException {
        ObjectNode index = Json.object();
        index.putObject("metadata").put("total_size", bytes);
        ObjectNode weightMap = index.putObject("weight_map");
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format("model-%05d-of-%05d.safetensors", i + 1, shards.size());
            SafetensorsWriter.write(folder.resolve(name), shards.get(i));
            shards.get(i).forEach(entry -> weightMap.put(entry.name(), name));
        }
        Files.write(folder.resolve(SafetensorsCheckpoint.INDEX), Json.toBytes(index));
    }

    private List<List<TensorEntry>> shards(List<TensorEntry> tensors) {
        List<List<TensorEntry>> shards = new ArrayList<>(List.of(new ArrayList<>()));
        long filled = 0;
        for (TensorEntry tensor : tensors) {
            if (filled > 0 && filled + tensor.bytes() > shardBytes) {
                shards.add(new ArrayList<>());
                filled = 0;
            }
            shards.getLast().add(tensor);
            filled += tensor.bytes();
        }
        return shards;
    }
}
