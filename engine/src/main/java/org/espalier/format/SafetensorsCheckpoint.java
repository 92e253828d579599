package org.espalier.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.Closing;
import org.espalier.file.Json;

/** A folder with {@code config.json} and one or more safetensors files. */
final class SafetensorsCheckpoint implements Checkpoint {

    static final String CONFIG = "config.json";
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    /** A plain file name: nothing that could lead out of the folder. */
    private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,200}\\.safetensors");

    private final Path folder;
    private final JsonNode config;
    private final List<SafetensorsFile> files;
    private final Map<String, String> missing;
    private final SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();

    private SafetensorsCheckpoint(
            Path folder, JsonNode config, List<SafetensorsFile> files, Map<String, String> missing) {
        this.folder = folder;
        this.config = config;
        this.files = files;
        this.missing = missing;
        for (SafetensorsFile file : files) {
            tensors.putAll(file.tensors());
        }
    }

    /** Opens the folder's one file if it is there, else the shards that the index names. */
    static SafetensorsCheckpoint open(Path folder) {
        ObjectNode config = Json.readObject(folder.resolve(CONFIG));
        Path single = folder.resolve(SINGLE);
        if (Files.exists(single)) {
            return new SafetensorsCheckpoint(folder, config, List.of(SafetensorsFile.open(single)), Map.of());
        }
        Path index = folder.resolve(INDEX);
        Map<String, List<String>> shards = readIndex(index);
        List<SafetensorsFile> files = new ArrayList<>();
        Map<String, String> missing = new TreeMap<>();
        try {
            for (Map.Entry<String, List<String>> shard : shards.entrySet()) {
                Path path = folder.resolve(shard.getKey());
                if (!Files.exists(path)) {
                    throw new Failure(
                            "the index names the shard " + shard.getKey() + ", which is not there",
                            index.toString(),
                            "fetch the missing file");
                }
                SafetensorsFile file = SafetensorsFile.open(path);
                files.add(file);
                compare(index, shard.getValue(), file, missing);
            }
            return new SafetensorsCheckpoint(folder, config, files, missing);
        } catch (RuntimeException e) {
            Closing.all(files.stream().map(file -> (Runnable) file::close).toList());
            throw e;
        }
    }

    static SafetensorsCheckpoint describe(Path folder) {
        return new SafetensorsCheckpoint(folder, Json.readObject(folder.resolve(CONFIG)), List.of(), Map.of());
    }

    /** The tensor names of each shard, the shards in order of name. */
    private static Map<String, List<String>> readIndex(Path index) {
        if (!(Json.readObject(index).get("weight_map") instanceof ObjectNode weightMap) || weightMap.isEmpty()) {
            throw new Failure("the index has no weight_map", index.toString(), "fetch or write it again");
        }
        Map<String, List<String>> shards = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : weightMap.properties()) {
            String shard = entry.getValue().textValue();
            if (shard == null || !SHARD.matcher(shard).matches()) {
                throw new Failure(
                        "tensor " + Printable.quoted(entry.getKey()) + " is said to be in "
                                + Printable.quoted(entry.getValue().asText()) + ", which is no shard's name",
                        index.toString(),
                        "fetch or write it again");
            }
            shards.computeIfAbsent(shard, name -> new ArrayList<>()).add(entry.getKey());
        }
        return shards;
    }

    /** What the index promises of a shard must be there, unless the model turns out to do without it. */
    private static void compare(Path index, List<String> names, SafetensorsFile file, Map<String, String> missing) {
        String shard = file.path().getFileName().toString();
        Set<String> promised = new HashSet<>(names);
        for (String name : file.tensors().keySet()) {
            if (!promised.contains(name)) {
                throw new Failure(
                        shard + " holds tensor " + Printable.quoted(name) + ", which the index does not place there",
                        index.toString(),
                        "fetch the index and the shards again");
            }
        }
        names.stream().filter(name -> !file.tensors().containsKey(name)).forEach(name -> missing.put(name, shard));
    }

    @Override
    public Path path() {
        return folder;
    }

    @Override
    public JsonNode config() {
        return config;
    }

    @Override
    public SequencedMap<String, StoredTensor> tensors() {
        return Collections.unmodifiableSequencedMap(tensors);
    }

    @Override
    public Map<String, String> missing() {
        return missing;
    }

    @Override
    public List<Path> weightFiles() {
        return files.stream().map(SafetensorsFile::path).toList();
    }

    @Override
    public void close() {
        Closing.all(files.stream().map(file -> (Runnable) file::close).toList());
    }
}
