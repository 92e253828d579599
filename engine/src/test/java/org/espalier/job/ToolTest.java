package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import org.espalier.RandomModel;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.error.Failure;
import org.espalier.model.Architectures;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which widths programs open: what is chosen for them, and what is refused. */
class ToolTest {

    @TempDir
    private Path folder;

    private ModelConfig config(String type, String name) throws IOException {
        ObjectNode json = (ObjectNode) new ObjectMapper().readTree("""
                {"architectures": ["%s"], "model_type": "%s", "vocab_size": 50, "hidden_size": 32,
                 "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2, "intermediate_size": 64,
                 "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "hidden_act": "silu", "rope_theta": 10000.0,
                 "tie_word_embeddings": true, "use_sliding_window": false, "head_dim": 8}""".formatted(name, type));
        return Architectures.read(json, "test");
    }

    /** GGUF has an architecture for layers that differ of the first two alone. */
    @ParameterizedTest
    @CsvSource({
        "llama, LlamaForCausalLM, false",
        "mistral, MistralForCausalLM, false",
        "qwen2, Qwen2ForCausalLM, true",
        "qwen3, Qwen3ForCausalLM, true"
    })
    void layersAreAlikeWhereTheyHaveToBe(String type, String name, boolean alike) throws IOException {
        ModelConfig config = config(type, name);
        RandomModel.write(config, 1, folder.resolve("model"));
        Structure structure = Structure.of(new Transformer(config).shape());
        Selection one = new Selection(structure);
        one.remove(structure.units(1, Role.NEURONS).orElseThrow(), 3);
        try (ModelCheckpoint checkpoint = ModelCheckpoint.open(folder.resolve("model"))) {
            assertEquals(alike, Tool.LLAMA_CPP.uniform(checkpoint, structure));
            assertTrue(Tool.VLLM.uniform(checkpoint, structure) && Tool.TRANSFORMERS.uniform(checkpoint, structure));
            for (Tool tool : Tool.values()) {
                tool.require(checkpoint, new Selection(structure));
                if (alike || tool != Tool.LLAMA_CPP) {
                    assertThrows(Failure.class, () -> tool.require(checkpoint, one), tool.toString());
                } else {
                    tool.require(checkpoint, one);
                }
            }
        }
    }
}
