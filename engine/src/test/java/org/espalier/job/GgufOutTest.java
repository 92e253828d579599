package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.espalier.Golden;
import org.espalier.RandomModel;
import org.espalier.Shared;
import org.espalier.TestFiles;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.GgufFile;
import org.espalier.model.Architectures;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.text.Tokenizer;
import org.espalier.tune.PrunedLlama;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that were written as GGUF files and are read again. */
class GgufOutTest {

    private static final List<String> TEXTS = List.of(
            "Once upon a time, there was a little girl named Lily.",
            "  two spaces,\ttabs\n\nand 1234567890 numbers, naïve café 東京 🙂 don't",
            "<s>[INST] <|im_start|>user\nhello<|im_end|>",
            "");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void wayThereAndBackKeepsTheBytes(DType type) throws IOException {
        returns(Golden.resource("gqa"), type);
        assertEquals("llama", architecture());
    }

    @ParameterizedTest
    @CsvSource({"qwen2,qwen2", "qwen3,qwen3", "granite,granite", "phi3,phi3", "gpt_neox,gptneox", "bloom,bloom"})
    void soItDoesForOtherFamilies(String family, String architecture) throws IOException {
        returns(Shared.path("golden/families/" + family + "/model"), DType.F32);
        assertEquals(architecture, architecture());
    }

    /** Every fourth layer does not rotate, which no key says. */
    @Test
    void soItDoesForSmolLm3() throws IOException {
        returns(changed("smollm3", json -> json.remove("no_rope_layers")), DType.F32);
        assertEquals("smollm3", architecture());
    }

    @Test
    void soItDoesForGptNeoxOfOtherKinds() throws IOException {
        returns(
                changed(
                        "gpt_neox",
                        json -> json.put("use_parallel_residual", false)
                                .put("hidden_act", "gelu_fast")
                                .put("tie_word_embeddings", true)
                                .set("rope_parameters", Json.object().put("partial_rotary_factor", 0.75))),
                DType.F32);
    }

    /** LLaMA's architecture, with the number of experts beside it. */
    @ParameterizedTest
    @CsvSource({"mixtral, llama", "qwen3_moe, qwen3moe"})
    void expertsLieTogetherAndReturn(String family, String architecture) throws IOException {
        returns(expertsEverywhere(family), DType.F32);
        assertEquals(architecture, architecture());
    }

    @Test
    void whatChoosesExpertsIsNotQuantised() {
        Path file = write(Shared.path("golden/families/mixtral/model"), DType.Q8_0);
        try (GgufFile written = GgufFile.open(file)) {
            assertEquals(
                    DType.F32,
                    written.tensors().get("blk.0.ffn_gate_inp.weight").type());
            GgufFile.Entry down = written.tensors().get("blk.1.ffn_down_exps.weight");
            assertEquals(DType.Q8_0, down.type());
            assertEquals(Shape.of(6, 64, 96), down.shape());
        }
    }

    /** One layer of the golden model has an MLP of its own; another model has fewer experts in one layer. */
    @Test
    void layersWithOtherExpertsAreRefused() throws IOException {
        Failure mixed =
                assertThrows(Failure.class, () -> write(Shared.path("golden/families/qwen3_moe/model"), DType.F32));
        assertTrue(mixed.problem().startsWith("layers differ in their numbers of experts"), mixed.oneLine());
        Failure uneven = assertThrows(
                Failure.class,
                () -> write(
                        random(
                                "mixtral",
                                json -> json.putObject("per_layer_config")
                                        .putObject("1")
                                        .put("num_local_experts", 4)),
                        DType.F32));
        assertEquals(
                "layers differ in their numbers of experts, and GGUF's architecture llama, of a model with experts, has"
                        + " no way to say that",
                uneven.problem());
        Failure factors = assertThrows(
                Failure.class,
                () -> write(
                        random(
                                "qwen3_moe",
                                json -> json.put("norm_topk_prob", false).putArray("mlp_only_layers")),
                        DType.F32));
        assertTrue(factors.problem().contains("divides the factors of a token's experts"), factors.oneLine());
    }

    private Path expertsEverywhere(String family) throws IOException {
        return random(family, json -> json.putArray("mlp_only_layers"));
    }

    /** Random weights for a golden model's configuration with a change. */
    private Path random(String family, Consumer<ObjectNode> change) throws IOException {
        ObjectNode json = Json.readObject(Shared.path("golden/families/" + family + "/model/config.json"));
        change.accept(json);
        Path config = folder.resolve("config.json");
        Files.write(config, Json.toBytes(json));
        Path model = folder.resolve("random");
        new RandomJob(Listener.NONE, Optional.of(DType.F32), 3).run(config, new Destination(model, true));
        return model;
    }

    @Test
    void layersOfDifferentSizesHaveAnArchitectureOfTheirOwn() throws IOException {
        returns(PrunedLlama.writeModel(folder.resolve("model")), DType.F32);
        assertEquals("deci", architecture());
    }

    @Test
    void frequenciesOfLlama3Return() throws IOException {
        RotaryConfig rotary = new RotaryConfig(500000, RotaryConfig.Scaling.LLAMA3, 32, 1, 4, 8192);
        returns(model(rotary, Biases.NONE), DType.F32);
    }

    @Test
    void otherFrequenciesReturn() throws IOException {
        returns(model(new RotaryConfig(10000, RotaryConfig.Scaling.LLAMA3, 8, 1, 2, 64), Biases.NONE), DType.F32);
    }

    @Test
    void linearScalingReturns() throws IOException {
        returns(model(new RotaryConfig(10000, RotaryConfig.Scaling.LINEAR, 4, 1, 4, 8192), Biases.NONE), DType.F32);
    }

    /** What makes up for removed units is a bias of the projections that end a branch; the others are zero. */
    @Test
    void biasesOfZeroAreLeftOutAndReturn() throws IOException {
        returns(model(RotaryConfig.plain(10000), Biases.ALL), DType.F32);
        try (GgufFile file = GgufFile.open(folder.resolve("model.gguf"))) {
            assertTrue(file.tensors().containsKey("blk.0.attn_output.bias"));
            assertFalse(file.tensors().containsKey("blk.0.attn_q.bias"));
            assertFalse(file.tensors().containsKey("blk.1.ffn_up.bias"));
        }
    }

    @Test
    void rowsThatAreNotWholeBlocksAreFloat16() {
        Path file = write(Shared.path("models/stories260K"), DType.Q8_0);
        try (GgufFile written = GgufFile.open(file)) {
            assertEquals(
                    DType.Q8_0, written.tensors().get("blk.0.attn_q.weight").type());
            assertEquals(
                    DType.F16, written.tensors().get("blk.0.ffn_down.weight").type());
            assertEquals(
                    DType.F32, written.tensors().get("blk.0.ffn_norm.weight").type());
            assertEquals(7L, written.metadata().get("general.file_type"));
        }
    }

    @Test
    void familyThatNoFileHasIsRefusedByName() {
        Failure failure = assertThrows(Failure.class, () -> write(Shared.path("golden/glm/model"), DType.F32));
        assertEquals(
                "no GGUF architecture is known for models of the class 'ChatGLMForConditionalGeneration' (the model): write it as a folder"
                        + " of safetensors",
                failure.oneLine());
        assertEquals(List.of(), TestFiles.names(folder));
    }

    /** What llama.cpp takes for granted of a family. */
    @ParameterizedTest
    @CsvSource({
        "olmo2, 'olmo2 has heads whose channels are together as many as the stream''s, each with its own keys'",
        "gemma2, gemma2 divides scores by the root of 16.0",
        "gemma3, gemma3 has windows in other layers than this model",
        "smollm3, smollm3 rotates in all layers but every fourth"
    })
    void modelsThatLlamaCppWouldComputeOtherwiseAreRefused(String family, String said) {
        Failure failure = assertThrows(
                Failure.class, () -> write(Shared.path("golden/families/" + family + "/model"), DType.F32));
        assertTrue(failure.problem().startsWith("GGUF's architecture " + said), failure.oneLine());
        assertEquals(List.of(), TestFiles.names(folder));
    }

    @ParameterizedTest
    @CsvSource({
        "gpt_neox, attention_bias, false, gptneox has biases in attention",
        "gpt_neox, hidden_act, '\"relu\"', gptneox has GELU in its MLPs",
        "gpt_neox, head_dim, 16, 'gptneox has heads whose channels are together as many as the stream''s'",
        "gpt_neox, per_layer_config, '{\"1\":{\"intermediate_size\":8}}', gptneox has no way to say that",
        "bloom, alibi_slopes, '[[1,1,1,1,1,1,1,1],[1,1,1,1,1,1,1,1],[1,1,1,1,1,1,1,1]]',"
                + "'bloom has the slopes that so many heads have, and heads were taken out of this model'"
    })
    void modelsOfFusedFamiliesThatFilesCannotSayAreRefused(String family, String key, String value, String said)
            throws IOException {
        Path model = changed(family, json -> json.set(key, new ObjectMapper().readTree(value)));
        Failure failure = assertThrows(Failure.class, () -> write(model, DType.F32));
        assertTrue(failure.problem().contains("GGUF's architecture " + said), failure.oneLine());
    }

    @Test
    void layersThatDifferAreRefusedWhereFilesCannotSayIt() throws IOException {
        Path model = folder.resolve("model");
        ModelConfig config = Architectures.read(
                Architectures.json(RandomModel.config(8, 4, 2, new LayerConfig(2, 1, 16), true))
                        .put("model_type", "qwen2"),
                "a test");
        List<LayerConfig> layers = List.of(new LayerConfig(2, 1, 16), new LayerConfig(2, 1, 8));
        RandomModel.write(config.resized(8, layers), 1, model);
        Failure failure = assertThrows(Failure.class, () -> write(model, DType.F32));
        assertTrue(failure.problem().contains("architecture qwen2 has no way to say that"), failure.oneLine());
    }

    @Test
    void aTypeThatAFolderCannotHoldIsRefused() {
        Failure failure = assertThrows(
                Failure.class,
                () -> new ConvertJob(Listener.NONE, Optional.of(DType.Q8_0))
                        .run(Golden.resource("mha"), Destination.at(folder.resolve("out"))));
        assertTrue(failure.problem().contains("a folder for safetensors does not hold q8_0"), failure.oneLine());
    }

    /** From both files of the vocabulary, and from each alone. */
    @ParameterizedTest
    @ValueSource(strings = {"", "tokenizer.model", "tokenizer.json"})
    void sentencePieceVocabularyGivesTheSameTokens(String removed) throws IOException {
        Path model = copy("models/stories260K");
        Files.deleteIfExists(model.resolve(removed.isEmpty() ? "none" : removed));
        sameTokens(model);
    }

    @Test
    void byteLevelVocabularyGivesTheSameTokens() throws IOException {
        Path model = folder.resolve("model");
        RandomModel.write(
                Llama.config(
                        new ModelConfig.Sizes(49200, 4, 2, List.of(new LayerConfig(2, 2, 4)), 64),
                        1e-5,
                        RotaryConfig.plain(10000),
                        true,
                        Biases.NONE),
                1,
                model);
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(Shared.path("models/smollm2-135m/" + name), model.resolve(name));
        }
        sameTokens(model);
        try (GgufFile file = GgufFile.open(folder.resolve("model.gguf"))) {
            assertEquals("smollm", file.metadata().get("tokenizer.ggml.pre"));
            String[] tokens = (String[]) file.metadata().get("tokenizer.ggml.tokens");
            assertEquals(49200, tokens.length);
            assertEquals("[PAD49199]", tokens[49199]);
        }
    }

    @Test
    void tokensThatTheModelHasNoRoomForAreLeftOut() throws IOException {
        Path model = copy("models/stories260K");
        Path config = model.resolve("tokenizer_config.json");
        Files.writeString(config, Files.readString(config).replace("\"pad_token\": null", "\"pad_token\": \"[PAD]\""));
        write(model, DType.F32);
        try (Checkpoint file = Checkpoints.open(folder.resolve("model.gguf"))) {
            String[] tokens = (String[]) file.ggufMetadata().orElseThrow().get("tokenizer.ggml.tokens");
            assertEquals(512, tokens.length);
            assertFalse(Arrays.asList(tokens).contains("[PAD]"));
        }
    }

    /** Blocks and the tokenizer of a GGUF file are taken as they are. */
    @Test
    void fileOfAFileIsTheSame() throws IOException {
        Path first = write(Shared.path("models/stories260K"), DType.Q4_1);
        Path second = folder.resolve("second.gguf");
        new ConvertJob(Listener.NONE, Optional.empty()).run(first, Destination.at(second));
        assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(second));
    }

    private void returns(Path model, DType type) throws IOException {
        Path back = folder.resolve("back");
        Path direct = folder.resolve("direct");
        new ConvertJob(Listener.NONE, Optional.of(type)).run(write(model, type), Destination.at(back));
        new ConvertJob(Listener.NONE, Optional.of(type)).run(model, Destination.at(direct));
        assertArrayEquals(
                Files.readAllBytes(direct.resolve("model.safetensors")),
                Files.readAllBytes(back.resolve("model.safetensors")));
        try (ModelCheckpoint expected = ModelCheckpoint.open(direct);
                ModelCheckpoint actual = ModelCheckpoint.open(back)) {
            assertEquals(expected.model(), actual.model());
        }
    }

    private void sameTokens(Path model) throws IOException {
        try (Tokenizer expected = Tokenizer.open(model);
                Tokenizer actual = Tokenizer.open(write(model, DType.F32))) {
            String stories = Files.readString(Shared.path("data/tinystories/validation.txt"));
            for (String text : TEXTS) {
                assertArrayEquals(expected.encode(text, true), actual.encode(text, true), text);
            }
            assertArrayEquals(
                    expected.encode(stories.substring(0, 20_000), true),
                    actual.encode(stories.substring(0, 20_000), true));
            assertEquals(expected.eosIds(), actual.eosIds());
            assertEquals(expected.bosId(), actual.bosId());
            assertEquals(expected.addedBosId(), actual.addedBosId());
            assertEquals(expected.chatTemplate(), actual.chatTemplate());
        }
    }

    /** A model of random weights by a family's configuration with a change. */
    private Path changed(String family, Change change) throws IOException {
        ObjectNode json = Json.readObject(Shared.path("golden/families/" + family + "/model/config.json"));
        change.apply(json);
        Path config = Files.write(folder.resolve("config.json"), Json.toBytes(json));
        Path model = folder.resolve("model");
        new RandomJob(Listener.NONE, Optional.of(DType.F32), 3).run(config, Destination.at(model));
        return model;
    }

    private interface Change {
        void apply(ObjectNode json) throws IOException;
    }

    private Path model(RotaryConfig rotary, Biases biases) {
        List<LayerConfig> layers = List.of(new LayerConfig(2, 1, 12), new LayerConfig(2, 1, 12));
        Path model = folder.resolve("model");
        RandomModel.write(
                Llama.config(new ModelConfig.Sizes(20, 32, 16, layers, 64), 1e-5, rotary, false, biases),
                2,
                model,
                (parameter, numbers) -> {
                    if (parameter.name().matches(".*(q|k|v|gate|up)_proj.bias")) {
                        Arrays.fill(numbers, 0);
                    }
                });
        return model;
    }

    private Path write(Path model, DType type) {
        Path file = folder.resolve("model.gguf");
        new ConvertJob(Listener.NONE, Optional.of(type)).run(model, Destination.at(file));
        return file;
    }

    private String architecture() {
        try (GgufFile file = GgufFile.open(folder.resolve("model.gguf"))) {
            return (String) file.metadata().get("general.architecture");
        }
    }

    private Path copy(String shared) throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        try (var files = Files.list(Shared.path(shared))) {
            for (Path file : files.toList()) {
                Files.write(model.resolve(file.getFileName().toString()), Files.readAllBytes(file));
            }
        }
        return model;
    }
}
