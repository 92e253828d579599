package org.espalier.fuzz;

import java.nio.file.Path;
import java.util.List;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.HostileFiles;

/** A checkpoint in shards with its index. */
final class IndexTarget implements Target {

    private static final String INDEX = "model.safetensors.index.json";
    private static final String FIRST = "model-00001-of-00002.safetensors";
    private static final String SECOND = "model-00002-of-00002.safetensors";

    @Override
    public String name() {
        return "safetensors-index";
    }

    @Override
    public List<Input> seeds() {
        String index = """
                {"metadata": {"total_size": 24}, "weight_map": {"a": "%s", "b": "%s", "c": "%s"}}""".formatted(FIRST, SECOND, SECOND);
        return List.of(Input.of(INDEX, index)
                .with("config.json", "{\"model_type\": \"llama\"}")
                .with(
                        FIRST,
                        HostileFiles.safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8))
                .with(SECOND, HostileFiles.safetensors("""
                        {"b":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},\
                        "c":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}""", 16)));
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        return FirstChecks.isJsonObject(input, INDEX) && FirstChecks.isJsonObject(input, "config.json");
    }

    @Override
    public void read(Path folder, Input input) {
        try (Checkpoint checkpoint = Checkpoints.open(folder)) {
            checkpoint.missing();
            checkpoint.weightBytes();
        }
    }
}
