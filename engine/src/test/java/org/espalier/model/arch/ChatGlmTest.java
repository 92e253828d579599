package org.espalier.model.arch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.Families;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.Zeroed;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFile;
import org.espalier.model.Architectures;
import org.espalier.model.Continuation;
import org.espalier.model.ContinuationScorer;
import org.espalier.model.Generator;
import org.espalier.model.LayerwiseScorer;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Opening;
import org.espalier.model.Packed;
import org.espalier.model.Scorer;
import org.espalier.model.SharedCache;
import org.espalier.model.SharedCache.Answers;
import org.espalier.model.SharedCache.Part;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ChatGLM-6B against LLM-Pruner's class of it and against float64: a prompt that is read as a whole, and what follows it. */
class ChatGlmTest {

    private static final int ROWS = 4;
    private static final int ROW = 32;
    private static final int VOCABULARY = 256;
    private static final int BEGIN = 254;
    private static final int END = 255;

    /** Tokens of each text up to its end token, which padding follows. */
    private static List<int[]> texts() {
        return Families.texts(Families.CHATGLM, ROWS, ROW).stream()
                .map(row -> Arrays.copyOf(
                        row,
                        IntStream.range(0, ROW)
                                        .filter(i -> row[i] == END)
                                        .findFirst()
                                        .orElseThrow()
                                + 1))
                .toList();
    }

    private static SafetensorsFile figures() {
        return SafetensorsFile.open(Shared.path("golden/glm/glm.golden.safetensors"));
    }

    private static Checkpoint checkpoint() {
        return Checkpoints.open(Shared.path("golden/glm/model"));
    }

    /** The logits of all texts, without those of padding. */
    private static double[] expected(SafetensorsFile figures, List<int[]> texts) {
        double[] all = Golden.doubles(figures, "logits_f64");
        return IntStream.range(0, texts.size())
                .boxed()
                .flatMapToDouble(row ->
                        Arrays.stream(all, row * ROW * VOCABULARY, (row * ROW + texts.get(row).length) * VOCABULARY))
                .toArray();
    }

    static Stream<Arguments> onBackends() {
        return Stream.of(
                Arguments.of("reference", 1e-9, 2e-5),
                Arguments.of("cpu", 1e-4, 1e-4),
                Arguments.of("cuda", 1e-4, 1e-4));
    }

    @ParameterizedTest
    @MethodSource("onBackends")
    void logitsLossAndTheGradientOfEveryWeight(String backendName, double tolerance, double ofFloat32) {
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = checkpoint();
                Model model = Model.open(checkpoint, backend);
                SafetensorsFile figures = figures()) {
            Packed packed = Packed.of(texts()).readBy(model.config());
            Golden.assertClose(expected(figures, texts()), Zeroed.logits(model, packed, backend), tolerance, "logits");
            Recording recording = model.transformer().loss(packed.tokens());
            try (GradientStore gradients = new GradientStore(backend, recording.tape(), name -> true);
                    Executor executor = new Executor(
                            backend,
                            recording.tape(),
                            model.leaves(Map.of()),
                            gradients,
                            Retention.KEEP,
                            Observer.NONE)) {
                packed.feed(executor, recording);
                executor.forward(packed.sequences());
                double loss = recording.losses().stream()
                        .flatMapToDouble(part -> Arrays.stream(executor.read(part)))
                        .sum();
                Golden.assertClose(
                        Golden.doubles(figures, "loss_f64"), new double[] {loss / packed.counted()}, tolerance, "loss");
                executor.backward(1.0 / packed.counted(), false);
                assertEquals(
                        figures.tensors().keySet().stream()
                                .filter(name -> name.startsWith("grad."))
                                .count(),
                        gradients.tensors().size());
                gradients
                        .tensors()
                        .forEach((weight, tensor) -> Golden.assertCloseToLargest(
                                Golden.doubles(figures, "grad." + weight),
                                HostCopy.readDoubles(backend, executor.queue(), tensor),
                                ofFloat32,
                                weight));
            }
        }
    }

    /** The prompt at once, what follows it token by token; then another text in the same cache. */
    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu", "cuda"})
    void decodesThroughTheCache(String backendName) {
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = checkpoint();
                Model model = Model.open(checkpoint, backend);
                SafetensorsFile figures = figures();
                Generator generator = new Generator(model, ROW)) {
            double[] all = Golden.doubles(figures, "logits_f64");
            for (int row = 0; row < 2; row++) {
                int[] text = texts().get(row);
                int prompt = model.config().opening(text).prompt();
                generator.rewind(0);
                float[] logits = generator.logits(Arrays.copyOf(text, prompt + 1));
                for (int token = prompt; ; token++) {
                    int at = (row * ROW + token) * VOCABULARY;
                    Golden.assertClose(
                            Arrays.copyOfRange(all, at, at + VOCABULARY), doubles(logits), 1e-4, "token " + token);
                    if (token == text.length - 1) {
                        break;
                    }
                    logits = generator.logits(text[token + 1]);
                }
            }
        }
    }

    private static double[] doubles(float[] numbers) {
        return IntStream.range(0, numbers.length).mapToDouble(i -> numbers[i]).toArray();
    }

    /** Alone, layer by layer, side by side in one cache, and as ends of texts. */
    @Test
    void everyWayThroughTheModelGivesTheSameLosses(@TempDir Path scratch) {
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = checkpoint();
                Model model = Model.open(checkpoint, backend);
                Scorer scorer = new Scorer(model);
                SharedCache cache = new SharedCache(model, 80);
                ContinuationScorer ends = new ContinuationScorer(model, 1 << 20)) {
            List<int[]> texts = texts();
            double[][] alone = scorer.losses(texts);
            double[][] layerwise = new LayerwiseScorer(model, 0, scratch, Observer.NONE).losses(texts);
            List<Continuation> asked = new ArrayList<>();
            for (int t = 0; t < texts.size(); t++) {
                assertArrayEquals(alone[t], layerwise[t], 1e-6, "layer by layer");
                int prompt = model.config().opening(texts.get(t)).prompt();
                assertEquals(0, Arrays.stream(alone[t], 0, prompt - 1).sum(), "a prompt predicts nothing");
                asked.add(new Continuation(texts.get(t), prompt + 1));
            }
            // Twice, so that texts share all that they begin with.
            asked.addAll(List.copyOf(asked));
            List<Continuation.Likelihood> likelihoods = ends.likelihoods(asked);
            for (int t = 0; t < asked.size(); t++) {
                double[] losses = alone[t % texts.size()];
                double sum = Arrays.stream(losses, asked.get(t).first() - 1, losses.length)
                        .sum();
                assertEquals(-sum, likelihoods.get(t).logLikelihood(), 1e-4);
            }
            int[] first = texts.get(0);
            int[] second = texts.get(1);
            cache.run(List.of(Part.open(1, 0, Arrays.copyOf(first, 12)), Part.open(40, 0, Arrays.copyOf(second, 12))));
            Answers after = cache.run(List.of(
                    new Part(40, 12, new int[] {second[12]}, new int[] {0}, new int[] {second[13]}),
                    new Part(1, 12, Arrays.copyOfRange(first, 12, 15), new int[] {2}, new int[] {first[15]})));
            assertEquals(alone[1][12], after.loss(0), 1e-5, "decoded");
            assertEquals(alone[0][14], after.loss(1), 1e-5, "gone on with");
        }
    }

    @Test
    void aPromptEndsBeforeTheBeginToken() {
        try (Checkpoint checkpoint = checkpoint()) {
            ModelConfig config = Architectures.read(checkpoint.config(), "this test");
            assertEquals(new Opening(3, 1), config.opening(new int[] {7, 251, 9, BEGIN, 8, BEGIN}));
            assertEquals(new Opening(3, 2), config.opening(new int[] {7, 9, 250, BEGIN, 251}), "a short answer");
            assertEquals(new Opening(2, 1), config.opening(new int[] {7, 9, BEGIN}), "without a mask");
            assertEquals(Opening.NONE, config.opening(new int[] {7, 9}));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "multi_query_attention",
                "multi_query_group_num",
                "ffn_hidden_size",
                "kv_channels",
                "padded_vocab_size"
            })
    void laterModelsOfTheNameAreRefused(String key) {
        ObjectNode json = Json.readObject(Shared.path("cases/published/chatglm-6b/config.json"));
        json.put(key, 2);
        Failure failure = assertThrows(Failure.class, () -> Architectures.read(json, "this test"));
        assertTrue(failure.getMessage().contains("ChatGLM2, ChatGLM3 or GLM-4"), failure::getMessage);
        assertTrue(failure.getMessage().contains(key), failure::getMessage);
    }
}
