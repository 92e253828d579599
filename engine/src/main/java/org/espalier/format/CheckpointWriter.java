package org.espalier.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.file.Output;

/**
 * Writes a model folder as Hugging Face has it: {@code config.json}, the weights in one {@code model.safetensors} or in
 * shards with an index, and small files beside them. The folder appears whole or not at all.
 */
public final class CheckpointWriter {

    /** The size above which weights are split, in bytes. */
    public static final long SHARD_BYTES = 5_000_000_000L;

    /** Files of a model folder that belong to its tokenizer or its way of generating, copied as they are. */
    private static final List<String> COMPANIONS = List.of(
            "tokenizer.json",
            "tokenizer.model",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "chat_template.jinja",
            "chat_template.json",
            "generation_config.json");

    private final JsonNode config;
    private final List<SafetensorsWriter.Entry> tensors = new ArrayList<>();
    private final SequencedMap<String, byte[]> files = new LinkedHashMap<>();
    private long shardBytes = SHARD_BYTES;

    public CheckpointWriter(JsonNode config) {
        this.config = config;
    }

    /** Adds a tensor; shards are filled in the order of these calls. */
    public CheckpointWriter tensor(SafetensorsWriter.Entry tensor) {
        tensors.add(tensor);
        return this;
    }

    /** Adds a small file, replacing one of the same name. */
    public CheckpointWriter file(String name, byte[] content) {
        files.put(name, content);
        return this;
    }

    /** Adds the tokenizer and generation files that {@code folder} has. */
    public CheckpointWriter companionsOf(Path folder) {
        for (String name : COMPANIONS) {
            if (Files.isRegularFile(folder.resolve(name))) {
                files.put(name, Json.readFile(folder.resolve(name), Json.LARGEST_FILE));
            }
        }
        return this;
    }

    /** Splits the weights above {@code bytes} instead of {@link #SHARD_BYTES}; a tensor is never split. */
    public CheckpointWriter shardBytes(long bytes) {
        this.shardBytes = bytes;
        return this;
    }

    /**
     * Writes the folder.
     *
     * @throws Failure if it exists and {@code force} is not given, or it cannot be written
     */
    public void write(Path out, boolean force) {
        Output.writeFolder(out, force, this::writeInto);
    }

    /** Writes into an existing, empty folder, for a caller that adds more to it before it is put in its place. */
    public void writeInto(Path folder) throws IOException {
        Files.write(folder.resolve(SafetensorsCheckpoint.CONFIG), Json.toBytes(config));
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
        List<List<SafetensorsWriter.Entry>> shards = shards();
        if (shards.size() == 1) {
            SafetensorsWriter.write(folder.resolve(SafetensorsCheckpoint.SINGLE), shards.getFirst());
            return;
        }
        ObjectNode index = Json.object();
        index.putObject("metadata")
                .put(
                        "total_size",
                        tensors.stream()
                                .mapToLong(SafetensorsWriter.Entry::bytes)
                                .sum());
        ObjectNode weightMap = index.putObject("weight_map");
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format("model-%05d-of-%05d.safetensors", i + 1, shards.size());
            SafetensorsWriter.write(folder.resolve(name), shards.get(i));
            shards.get(i).forEach(entry -> weightMap.put(entry.name(), name));
        }
        Files.write(folder.resolve(SafetensorsCheckpoint.INDEX), Json.toBytes(index));
    }

    private List<List<SafetensorsWriter.Entry>> shards() {
        List<List<SafetensorsWriter.Entry>> shards = new ArrayList<>(List.of(new ArrayList<>()));
        long filled = 0;
        for (SafetensorsWriter.Entry tensor : tensors) {
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
