package org.espalier.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import org.espalier.Shared;
import org.espalier.file.Json;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.junit.jupiter.api.Test;

/** The real models of the test material open as what they are. */
class SharedCheckpointsTest {

    @Test
    void opensASafetensorsFolder() {
        try (Checkpoint model = Checkpoints.open(Shared.path("models/stories260K"))) {
            assertEquals(64, model.config().get("hidden_size").intValue());
            StoredTensor q = model.tensors().get("model.layers.0.self_attn.q_proj.weight");
            assertEquals(DType.F32, q.type());
            assertEquals(Shape.of(64, 64), q.shape());
            assertEquals(
                    260_032,
                    model.tensors().values().stream()
                            .mapToLong(t -> t.shape().elements())
                            .sum());
            assertEquals(260_032 * 4, model.weightBytes());
            assertTrue(model.ggufMetadata().isEmpty());
        }
    }

    @Test
    void opensAGgufFolderUnderHuggingFaceNames() {
        try (Checkpoint model = Checkpoints.open(Shared.path("models/smollm2-135m"))) {
            assertEquals(
                    134_515_008,
                    model.tensors().values().stream()
                            .mapToLong(t -> t.shape().elements())
                            .sum());
            assertEquals(
                    DType.Q8_0, model.tensors().get("model.embed_tokens.weight").type());
            StoredTensor k = model.tensors().get("model.layers.29.self_attn.k_proj.weight");
            assertEquals(DType.Q4_1, k.type());
            assertEquals(Shape.of(192, 576), k.shape());
            assertEquals(RowOrder.interleaved(3, 64), k.order());
            assertTrue(model.tensors()
                    .get("model.layers.29.self_attn.v_proj.weight")
                    .order()
                    .identity());
            assertEquals("b179c952", model.sha256().substring(0, 8));
        }
    }

    @Test
    void ggufConfigurationSaysWhatTheOriginalSays() {
        JsonNode original = Json.readObject(Shared.path("models/smollm2-135m").resolve("config.json"));
        try (Checkpoint model = Checkpoints.open(Shared.path("models/smollm2-135m"))) {
            JsonNode config = model.config();
            for (String key : new String[] {
                "architectures",
                "model_type",
                "hidden_size",
                "intermediate_size",
                "hidden_act",
                "num_hidden_layers",
                "num_attention_heads",
                "num_key_value_heads",
                "head_dim",
                "rms_norm_eps",
                "max_position_embeddings",
                "vocab_size",
                "tie_word_embeddings",
                "attention_bias",
                "mlp_bias",
                "bos_token_id",
                "eos_token_id"
            }) {
                assertEquals(original.get(key), config.get(key), key);
            }
            assertEquals(original.at("/rope_parameters/rope_theta"), config.get("rope_theta"));
            assertFalse(config.has("rope_scaling"));
            assertFalse(config.has("per_layer_config"));
        }
    }

    @Test
    void ggufMetadataHoldsTheTokenizer() {
        try (Checkpoint model = Checkpoints.open(Shared.path("models/smollm2-135m"))) {
            var metadata = model.ggufMetadata().orElseThrow();
            assertEquals("gpt2", metadata.get("tokenizer.ggml.model"));
            assertEquals(false, metadata.get("tokenizer.ggml.add_bos_token"));
            assertEquals(49152, ((String[]) metadata.get("tokenizer.ggml.tokens")).length);
            assertEquals(49152, ((int[]) metadata.get("tokenizer.ggml.token_type")).length);
            assertArrayEquals(new String[] {"en"}, (String[]) metadata.get("general.languages"));
        }
    }
}
