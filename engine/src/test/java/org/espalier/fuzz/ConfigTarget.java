package org.espalier.fuzz;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.SmallModel;
import org.espalier.job.GroupsJob;
import org.espalier.job.InfoJob;
import org.espalier.model.Architectures;

/** A config.json of every family that is known: the model it describes, and what in it goes together. */
final class ConfigTarget implements Target {

    private static final String FILE = "config.json";

    @Override
    public String name() {
        return "config";
    }

    @Override
    public List<Input> seeds() {
        List<Input> seeds = new ArrayList<>();
        seeds.add(Input.of(
                FILE, Architectures.json(SmallModel.config(true)).toString().getBytes(StandardCharsets.UTF_8)));
        for (String type : Architectures.types()) {
            seeds.add(Input.of(FILE, usual(type, "null")));
            seeds.add(Input.of(FILE, usual(type, "{\"rope_type\": \"linear\", \"factor\": 2.0}")));
            seeds.add(Input.of(FILE, usual(type, """
                    {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, \
                    "original_max_position_embeddings": 32}""")));
            seeds.add(Input.of(FILE, usual(type, """
                    {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}""")));
            seeds.add(Input.of(FILE, usual(type, """
                    {"type": "longrope", "short_factor": [1.0, 1.5], "long_factor": [2.0, 3.0]}""")));
        }
        return seeds;
    }

    private static String usual(String type, String rope) {
        return """
                {"architectures": ["%s"], "model_type": "%s", "vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 2,
                 "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4, "intermediate_size": 12,
                 "hidden_act": "silu", "max_position_embeddings": 64, "original_max_position_embeddings": 32,
                 "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "rope_scaling": %s, "tie_word_embeddings": false,
                 "attention_bias": false, "sliding_window": null, "bos_token_id": 1, "eos_token_id": [2, 3],
                 "torch_dtype": "bfloat16", "use_cache": true, "initializer_range": 0.02}""".formatted(type, type, rope);
    }

    @Override
    public long mostBytes(Input input) {
        return BYTES_OF_LAYERS;
    }

    @Override
    public void read(Path folder, Input input) {
        Path file = folder.resolve(FILE);
        new InfoJob().run(file);
        new GroupsJob().run(file);
    }
}
