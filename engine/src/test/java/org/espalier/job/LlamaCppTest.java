package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.espalier.RandomModel;
import org.espalier.Shared;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.PeftAdapter;
import org.espalier.format.PeftConfig;
import org.espalier.format.TensorEntry;
import org.espalier.importance.Criterion;
import org.espalier.llamacpp.LlamaCpp;
import org.espalier.model.Generator;
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
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The real llama.cpp computes of files that are written here what this engine computes of the model. */
class LlamaCppTest {

    private static final int TEXT_TOKENS = 256;
    private static final int CONTINUED = 32;
    private static final List<String> PROMPTS =
            List.of("Once upon a time", "Lily and Ben went to the", "One day, a big dog");

    /** Layers of two sizes, and layers that lack a branch, the first one among them. */
    private static final List<List<LayerConfig>> LAYERS = List.of(
            List.of(new LayerConfig(4, 2, 96), new LayerConfig(2, 1, 33), new LayerConfig(6, 3, 64)),
            List.of(new LayerConfig(0, 0, 48), new LayerConfig(2, 1, 0), new LayerConfig(0, 0, 64)),
            List.of(new LayerConfig(2, 2, 0), new LayerConfig(2, 2, 40)),
            List.of(new LayerConfig(2, 2, 0), new LayerConfig(2, 2, 0)),
            List.of(new LayerConfig(3, 3, 40), new LayerConfig(3, 3, 40)));

    @TempDir
    private Path folder;

    @Test
    void denseModelGivesTheSameTokensAndPerplexity() throws IOException {
        agrees(Shared.path("models/stories260K"), "llama");
    }

    @ParameterizedTest
    @CsvSource({"true, llama", "false, deci"})
    void prunedModelGivesTheSameTokensAndPerplexity(boolean uniform, String architecture) throws IOException {
        Path pruned = folder.resolve("pruned");
        PruneSettings settings = PruneSettings.defaults()
                .importance(ImportanceSettings.defaults().criterion(Criterion.L2))
                .budget(BudgetSettings.defaults()
                        .ratio(0.25)
                        .keepFirst(0)
                        .keepLast(uniform ? 0 : 2)
                        .uniform(uniform)
                        .round(uniform ? 32 : 1));
        new PruneJob(Engine.silent(), settings).run(Shared.path("models/stories260K"), Destination.at(pruned));
        agrees(pruned, architecture);
    }

    /** Rounding of activations to 8 bits is llama.cpp's; the weights are the same. */
    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q6_K", "Q4_K"})
    void quantisedModelHasTheSamePerplexity(DType type) throws IOException {
        Path model = Shared.path("models/stories260K");
        Path file = folder.resolve("model.gguf");
        new ConvertJob(Listener.NONE, Optional.of(type)).run(model, Destination.at(file));
        try (OpenModel open = Engine.silent().open(file);
                LlamaCpp llama = LlamaCpp.open(file)) {
            int[] window = window(llama.tokenize(text()));
            double ours = perplexity(logits(open, window), window);
            assertEquals(ours, perplexity(llama.logits(window), window), 0.02 * ours);
        }
    }

    /** Of widths that blocks of 256 divide, with what texts show of the inputs. */
    @ParameterizedTest
    @EnumSource(names = {"Q6_K", "Q4_K_M", "Q4_0"})
    void largeBlocksGiveTheSameLogits(QuantizeSettings.Form form) throws IOException {
        Path model = folder.resolve("model");
        RandomModel.write(RandomModel.config(256, 64, 3, new LayerConfig(4, 2, 512), false), 3, model);
        int[] ids = new Random(4).ints(40, 0, 50).toArray();
        Path calibration = Files.writeString(folder.resolve("ids.json"), "[" + Arrays.toString(ids) + "]");
        Path file = folder.resolve("model.gguf");
        new QuantizeJob(
                        Engine.silent(),
                        QuantizeSettings.to(form)
                                .calibration(CalibrationSettings.defaults().idsFile(calibration)))
                .run(model, Destination.at(file));
        try (OpenModel read = Engine.silent().open(file);
                LlamaCpp llama = LlamaCpp.open(file)) {
            float[][] ours = logits(read, ids);
            float[][] theirs = llama.logits(ids);
            double error = 0;
            double squares = 0;
            for (int i = 0; i < ids.length; i++) {
                for (int k = 0; k < ours[i].length; k++) {
                    error += Math.pow(ours[i][k] - theirs[i][k], 2);
                    squares += Math.pow(ours[i][k], 2);
                }
            }
            // llama.cpp rounds activations to 8 bits, 256 of them with one scale, and random weights carry that on.
            assertTrue(error < 2e-3 * squares, error + " of " + squares);
        }
    }

    @ParameterizedTest
    @MethodSource("layersAndBiases")
    void anyLayersGiveTheSameLogits(List<LayerConfig> layers, boolean biased) {
        ModelConfig config = Llama.config(
                new ModelConfig.Sizes(50, 64, 16, layers, 64),
                1e-5,
                new RotaryConfig(10000, RotaryConfig.Scaling.LLAMA3, 8, 1, 4, 32),
                false,
                biased ? Biases.ALL : Biases.NONE);
        Path model = folder.resolve("model");
        RandomModel.write(config, 3, model, (parameter, numbers) -> {
            // Biases that make up for what was removed stand in the projections that end a branch.
            if (parameter.name().matches(".*(q|k|v|gate|up)_proj.bias")) {
                Arrays.fill(numbers, 0);
            }
        });
        Path file = folder.resolve("model.gguf");
        new ConvertJob(Listener.NONE, Optional.of(DType.F32)).run(model, Destination.at(file));
        int[] ids = new Random(4).ints(40, 0, 50).toArray();
        try (OpenModel open = Engine.silent().open(model);
                OpenModel read = Engine.silent().open(file);
                LlamaCpp llama = LlamaCpp.open(file)) {
            float[][] expected = logits(open, ids);
            float[][] theirs = llama.logits(ids);
            float[][] again = logits(read, ids);
            for (int i = 0; i < ids.length; i++) {
                assertArrayEquals(expected[i], theirs[i], 1e-4f, "position " + i);
                assertArrayEquals(expected[i], again[i], 1e-5f, "read here, position " + i);
            }
        }
    }

    static Stream<Arguments> layersAndBiases() {
        return LAYERS.stream().flatMap(layers -> Stream.of(false, true).map(biased -> Arguments.of(layers, biased)));
    }

    /** An adapter of a model whose layers differ, on top of it, is what the merged model is. */
    @Test
    void adapterGivesWhatTheMergedModelDoes() throws IOException {
        Path model = PrunedLlama.writeModel(folder.resolve("model"));
        Path adapter = PrunedLlama.writeAdapter(
                Files.createDirectory(folder.resolve("adapter")),
                new PeftConfig(8, 16, false, 0, PrunedLlama.PEFT.targets(), model.toString()));
        mergedIsWhatTheAdapterGives(
                model, adapter, new Random(4).ints(40, 0, 256).toArray());
    }

    /** Heads that share keys, whose rows lie otherwise in the file, and every projection. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void adapterOfEveryProjectionGivesTheSameTokens(boolean rankStabilised) throws IOException {
        Path model = Shared.path("models/stories260K");
        Path adapter = Files.createDirectory(folder.resolve("adapter"));
        List<TensorEntry> matrices = matricesOf(model, name -> name.endsWith("_proj.weight"));
        PeftAdapter.writeInto(
                adapter, new PeftConfig(4, 6, rankStabilised, 0, List.of("q_proj"), model.toString()), matrices);
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            for (String prompt : PROMPTS) {
                int[] begin = tokenizer.encode(prompt, true);
                int[] continued;
                try (OpenModel open = Engine.silent().open(model, Optional.of(adapter))) {
                    continued = greedy(open, begin);
                }
                float[][] logits = mergedIsWhatTheAdapterGives(model, adapter, continued);
                for (int i = begin.length; i < continued.length; i++) {
                    assertEquals(continued[i], likeliest(logits[i - 1]), prompt + ", token " + i);
                }
            }
        }
    }

    /** Random matrices of rank 4 beside some of a model's weights. */
    private static List<TensorEntry> matricesOf(Path model, Predicate<String> chosen) {
        Random random = new Random(6);
        List<TensorEntry> matrices = new ArrayList<>();
        try (Checkpoint checkpoint = Checkpoints.open(model)) {
            checkpoint.tensors().values().stream()
                    .filter(tensor -> chosen.test(tensor.name()))
                    .forEach(weight -> {
                        String name = weight.name().replace(".weight", "");
                        int in = weight.shape().extent(1);
                        matrices.add(matrix(name + PeftAdapter.SUFFIX_A, 4, in, 1 / Math.sqrt(in), random));
                        matrices.add(matrix(
                                name + PeftAdapter.SUFFIX_B, weight.shape().extent(0), 4, 0.05, random));
                    });
        }
        return matrices;
    }

    private static TensorEntry matrix(String name, int rows, int columns, double deviation, Random random) {
        float[] numbers = new float[rows * columns];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) (deviation * random.nextGaussian());
        }
        return new TensorEntry(name, DType.F32, Shape.of(rows, columns), sink -> {
            try (Arena arena = Arena.ofConfined()) {
                sink.write(arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers));
            }
        });
    }

    /** llama.cpp's logits with the adapter, which are those of the merged model. */
    private float[][] mergedIsWhatTheAdapterGives(Path model, Path adapter, int[] ids) {
        Path base = folder.resolve("base.gguf");
        Path merged = folder.resolve("merged.gguf");
        Path file = folder.resolve("adapter.gguf");
        new ConvertJob(Listener.NONE, Optional.of(DType.F32)).run(model, new Destination(base, true));
        new MergeJob(Listener.NONE, Optional.of(DType.F32)).run(model, adapter, new Destination(merged, true));
        new ConvertAdapterJob(Optional.empty()).run(adapter, Optional.empty(), new Destination(file, true));
        try (LlamaCpp plain = LlamaCpp.open(base);
                LlamaCpp whole = LlamaCpp.open(merged)) {
            float[][] without = plain.logits(ids);
            float[][] expected = whole.logits(ids);
            float[][] actual = plain.with(file).logits(ids);
            double changed = 0;
            for (int i = 0; i < ids.length; i++) {
                assertArrayEquals(expected[i], actual[i], 2e-3f, "position " + i);
                changed = Math.max(changed, Math.abs(expected[i][0] - without[i][0]));
            }
            assertTrue(changed > 0.01, "the adapter changes nothing: " + changed);
            return actual;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2", "granite", "phi3", "gptneox", "bloom"})
    void relativesGiveTheSameLogits(String family) {
        String folderName = family.equals("gptneox") ? "gpt_neox" : family;
        sameLogits(Shared.path("golden/families/" + folderName + "/model"), family, 1e-3f);
    }

    /** Whole, and with fewer experts and neurons. */
    @Test
    void expertsGiveTheSameTokens() {
        Path model = Shared.path("golden/families/mixtral/model");
        sameTokens(model);
        Path pruned = folder.resolve("pruned");
        PruneSettings settings = PruneSettings.defaults()
                .importance(ImportanceSettings.defaults().criterion(Criterion.L2))
                .budget(BudgetSettings.defaults()
                        .ratio(0.4)
                        .units(List.of(Unit.EXPERTS, Unit.NEURONS))
                        .uniform(true)
                        .round(16));
        new PruneJob(Engine.silent(), settings).run(model, Destination.at(pruned));
        try (Checkpoint left = Checkpoints.open(pruned)) {
            assertTrue(left.config().get("num_local_experts").intValue() < 6, "experts go");
            assertTrue(left.config().get("intermediate_size").intValue() < 96, "neurons go");
        }
        sameTokens(pruned);
    }

    private void sameTokens(Path model) {
        Path file = folder.resolve("experts.gguf");
        new ConvertJob(Listener.NONE, Optional.of(DType.F32)).run(model, new Destination(file, true));
        int[] begin = new Random(4).ints(8, 0, 256).toArray();
        try (OpenModel open = Engine.silent().open(model);
                LlamaCpp llama = LlamaCpp.open(file)) {
            int[] continued = greedy(open, begin);
            float[][] ours = logits(open, continued);
            float[][] theirs = llama.logits(continued);
            for (int i = 0; i < continued.length; i++) {
                assertArrayEquals(ours[i], theirs[i], 1e-3f, "position " + i);
                if (i >= begin.length) {
                    assertEquals(continued[i], likeliest(theirs[i - 1]), "token " + i);
                }
            }
        }
    }

    /** Beside every expert, in llama.cpp's form for those. */
    @Test
    void adapterOfExpertsGivesWhatTheMergedModelDoes() throws IOException {
        Path model = Shared.path("golden/families/mixtral/model");
        Path adapter = Files.createDirectory(folder.resolve("adapter"));
        List<TensorEntry> matrices = matricesOf(model, name -> name.contains(".experts.") || name.contains("q_proj"));
        PeftAdapter.writeInto(
                adapter,
                new PeftConfig(4, 6, false, 0, List.of("q_proj", "w1", "w2", "w3"), model.toString()),
                matrices);
        mergedIsWhatTheAdapterGives(
                model, adapter, new Random(4).ints(40, 0, 256).toArray());
    }

    /** Of sizes that llama.cpp has: it takes much of a family for granted. */
    @ParameterizedTest
    @ValueSource(strings = {"olmo2", "gemma2", "gemma3"})
    void relativesOfUsualSizesGiveTheSameLogits(String family) throws IOException {
        ObjectNode json = Json.readObject(Shared.path("golden/families/" + family + "/model/config.json"));
        switch (family) {
            case "olmo2" -> json.put("num_key_value_heads", 8);
            case "gemma2" -> {
                json.put("num_hidden_layers", 26).put("query_pre_attn_scalar", 16);
                json.remove("layer_types");
            }
            default -> {
                json.put("num_hidden_layers", 7)
                        .put("_sliding_window_pattern", 6)
                        .put("sliding_window_pattern", 6);
                json.remove("layer_types");
            }
        }
        Path config = folder.resolve("config.json");
        Files.write(config, Json.toBytes(json));
        Path model = folder.resolve("model");
        new RandomJob(Listener.NONE, Optional.of(DType.F32), 3).run(config, Destination.at(model));
        // llama.cpp looks GELU up in a table of float16 numbers, and attention carries that on.
        sameLogits(model, family, family.startsWith("gemma") ? 5e-3f : 1e-3f);
    }

    /** Longer than the windows. */
    private void sameLogits(Path model, String architecture, float tolerance) {
        Path file = folder.resolve("model.gguf");
        new ConvertJob(Listener.NONE, Optional.of(DType.F32)).run(model, Destination.at(file));
        int[] ids = new Random(4).ints(40, 0, 256).toArray();
        try (Checkpoint written = Checkpoints.open(file);
                OpenModel open = Engine.silent().open(model);
                OpenModel read = Engine.silent().open(file);
                LlamaCpp llama = LlamaCpp.open(file)) {
            assertEquals(architecture, written.ggufMetadata().orElseThrow().get("general.architecture"));
            float[][] expected = logits(open, ids);
            float[][] theirs = llama.logits(ids);
            float[][] again = logits(read, ids);
            for (int i = 0; i < ids.length; i++) {
                float scale = 0;
                for (float logit : expected[i]) {
                    scale = Math.max(scale, Math.abs(logit));
                }
                assertArrayEquals(expected[i], theirs[i], tolerance * scale, "position " + i);
                assertArrayEquals(expected[i], again[i], 1e-5f * scale, "read here, position " + i);
            }
        }
    }

    private void agrees(Path model, String architecture) throws IOException {
        Path file = folder.resolve("f32.gguf");
        new ConvertJob(Listener.NONE, Optional.of(DType.F32)).run(model, Destination.at(file));
        try (Checkpoint written = Checkpoints.open(file)) {
            assertEquals(architecture, written.ggufMetadata().orElseThrow().get("general.architecture"));
        }
        try (OpenModel open = Engine.silent().open(model);
                Tokenizer tokenizer = Tokenizer.open(model);
                LlamaCpp llama = LlamaCpp.open(file)) {
            int[] ids = tokenizer.encode(text(), true);
            assertArrayEquals(ids, llama.tokenize(text()));
            int[] window = window(ids);
            double ours = perplexity(logits(open, window), window);
            assertEquals(ours, perplexity(llama.logits(window), window), 1e-3 * ours);
            for (String prompt : PROMPTS) {
                int[] begin = tokenizer.encode(prompt, true);
                int[] continued = greedy(open, begin);
                float[][] logits = llama.logits(continued);
                for (int i = begin.length; i < continued.length; i++) {
                    assertEquals(continued[i], likeliest(logits[i - 1]), prompt + ", token " + i);
                }
            }
        }
    }

    private static String text() throws IOException {
        return Files.readString(Shared.path("data/tinystories/validation.txt")).substring(0, 3000);
    }

    private static int[] window(int[] ids) {
        return Arrays.copyOf(ids, TEXT_TOKENS);
    }

    private static int[] greedy(OpenModel open, int[] begin) {
        int[] all = Arrays.copyOf(begin, begin.length + CONTINUED);
        try (Generator generator = new Generator(open.model(), all.length)) {
            int next = generator.next(begin);
            for (int i = begin.length; i < all.length; i++) {
                all[i] = next;
                next = generator.next(next);
            }
        }
        return all;
    }

    /** {@code [tokens][vocabulary]} */
    private static float[][] logits(OpenModel open, int[] ids) {
        try (Generator generator = new Generator(open.model(), ids.length)) {
            return Arrays.stream(ids)
                    .mapToObj(id -> generator.logits(id).clone())
                    .toArray(float[][]::new);
        }
    }

    private static double perplexity(float[][] logits, int[] ids) {
        double nll = 0;
        for (int i = 1; i < ids.length; i++) {
            float[] row = logits[i - 1];
            double sum = 0;
            for (float logit : row) {
                sum += Math.exp(logit);
            }
            nll += Math.log(sum) - row[ids[i]];
        }
        return Math.exp(nll / (ids.length - 1));
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }
}
