package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.Backends;
import org.espalier.Families;
import org.espalier.Zeroed;
import org.espalier.backend.Backend;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.ModelContent;
import org.espalier.format.SafetensorsFolder;
import org.espalier.format.StoredTensor;
import org.espalier.format.TensorEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The text model of one that sees as well, under the names of both of transformers' layouts. */
class NestedTextTest {

    private static final String FAMILY = "gemma3";

    @TempDir
    private Path folder;

    private static ObjectNode nested(ObjectNode text) {
        ObjectNode json = Json.object().put("model_type", "gemma3").put("tie_word_embeddings", true);
        json.putArray("architectures").add("Gemma3ForConditionalGeneration");
        json.put("mm_tokens_per_image", 4).putObject("vision_config").put("hidden_size", 32);
        text.remove(List.of("architectures", "tie_word_embeddings"));
        json.set("text_config", text);
        return json;
    }

    @ParameterizedTest
    @CsvSource({"language_model.model., vision_tower.patch", "model.language_model., model.vision_tower.patch"})
    void computesTheSame(String prefix, String other) {
        try (Backend backend = Backends.open("cpu");
                Checkpoint plain = Checkpoints.open(Families.folder(FAMILY).resolve("model"));
                Model model = Model.open(plain, backend)) {
            List<TensorEntry> entries = new ArrayList<>();
            for (StoredTensor tensor : plain.tensors().values()) {
                entries.add(entry(tensor, prefix + tensor.name().substring("model.".length())));
            }
            entries.add(entry(plain.tensors().firstEntry().getValue(), other));
            new SafetensorsFolder()
                    .write(folder, ModelContent.of(nested(plain.config().deepCopy()), entries), true);
            Packed tokens = Packed.of(Families.texts(FAMILY, 1, 24));
            double[] expected = Zeroed.logits(model, tokens, backend);
            try (ModelCheckpoint seeing = ModelCheckpoint.open(folder);
                    Model text = Model.open(seeing, backend)) {
                assertArrayEquals(expected, Zeroed.logits(text, tokens, backend));
                assertEquals("gemma3_text", seeing.config().get("model_type").asText());
                assertEquals(plain.tensors().keySet(), seeing.tensors().keySet());
            }
        }
    }

    private static TensorEntry entry(StoredTensor tensor, String name) {
        return new TensorEntry(name, tensor.type(), tensor.shape(), sink -> sink.write(tensor.bytes()));
    }

    /** The 4B model's configuration leaves out what the class takes anyway. */
    @Test
    void whatTheClassTakesAnywayNeedNotBeSaid() {
        ObjectNode text = Json.object()
                .put("model_type", "gemma3_text")
                .put("hidden_size", 2560)
                .put("intermediate_size", 10_240)
                .put("num_hidden_layers", 34)
                .put("sliding_window", 1024);
        text.putObject("rope_scaling").put("factor", 8.0).put("rope_type", "linear");
        ModelConfig config = Architectures.read(nested(text), "this test");
        assertEquals(3_880_263_168L, new Transformer(config).shape().parameterCount());
        text.putObject("rope_scaling").put("rope_type", "mrope");
        Failure refused = assertThrows(Failure.class, () -> Architectures.read(nested(text), "this test"));
        assertTrue(refused.getMessage().contains("mrope"), refused::getMessage);
    }

    @Test
    void quantisedWeightsOfTheWholeAreRefused() {
        try (Checkpoint plain = Checkpoints.open(Families.folder(FAMILY).resolve("model"))) {
            ObjectNode json = nested(plain.config().deepCopy());
            json.putObject("quantization_config").put("quant_method", "awq");
            Failure refused = assertThrows(Failure.class, () -> Architectures.read(json, "this test"));
            assertTrue(refused.getMessage().contains("quantization_config"), refused::getMessage);
        }
    }
}
