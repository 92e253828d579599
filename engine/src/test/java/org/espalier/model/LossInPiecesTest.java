package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.SmallModel;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Transformer.Recording;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Gradients;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.espalier.tape.Tape;
import org.espalier.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Losses of more rows than there are logits for at once: what memory they need, and that the pieces make the whole. */
class LossInPiecesTest {

    /** Llama 3's. */
    private static final int VOCABULARY = 128_256;

    /** As many as have 256 MB of logits. */
    private static final int ROWS = (1 << 26) / VOCABULARY;

    private static final long PIECE = DType.F32.bytes((long) ROWS * VOCABULARY);
    private static final int PIECES = 8;

    /** Forwards one piece of logits, backwards one and its gradient; without that, all eight of each. */
    @ParameterizedTest
    @CsvSource({"INFERENCE, 1", "RECOMPUTE, 2", "KEEP, 9"})
    void largeVocabularyDoesNotNeedItsLogitsAtOnce(Retention retention, int pieces) {
        int channels = 64;
        ModelConfig config = Llama.config(
                new ModelConfig.Sizes(VOCABULARY, channels, 16, List.of(new LayerConfig(4, 2, 128)), 8192),
                1e-5,
                RotaryConfig.plain(10000),
                true,
                Biases.NONE);
        Tape tape = new Transformer(config).loss(ROWS * PIECES).tape();
        long bytes = Executor.plannedBytes(tape, Gradients.planned(parameter -> true), retention, DType.F32);
        assertTrue(
                bytes >= pieces * PIECE && bytes < pieces * PIECE + PIECE / 4, bytes + " bytes, a piece is " + PIECE);
    }

    private record Passed(double[] losses, Map<String, double[]> gradients) {}

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "cuda"})
    void piecesMakeTheWhole(String device) {
        Passed expected = pass("reference");
        Passed actual = pass(device);
        Golden.assertClose(expected.losses, actual.losses, 1e-4, "losses");
        assertEquals(expected.gradients.keySet(), actual.gradients.keySet());
        expected.gradients.forEach(
                (weight, numbers) -> Golden.assertCloseToLargest(numbers, actual.gradients.get(weight), 1e-4, weight));
    }

    /** Of 2,100 tokens: two whole pieces and a rest. */
    private static Passed pass(String device) {
        Random random = new Random(3);
        Packed packed = Packed.of(IntStream.range(0, 70)
                .mapToObj(s -> random.ints(30, 0, 37).toArray())
                .toList());
        try (Backend backend = Backends.open(device);
                Model model = SmallModel.open(backend, true)) {
            Recording recording = model.transformer().loss(packed.tokens());
            assertEquals(
                    List.of(1024, 1024, 52),
                    recording.losses().stream().map(l -> l.shape().extent(0)).toList());
            try (GradientStore gradients = new GradientStore(backend, recording.tape(), parameter -> true);
                    Executor executor = new Executor(
                            backend,
                            recording.tape(),
                            model.leaves(Map.of()),
                            gradients,
                            Retention.RECOMPUTE,
                            Observer.NONE)) {
                packed.feed(executor, recording);
                executor.forward(packed.sequences());
                executor.backward(1.0 / packed.counted(), false);
                double[] losses = recording.losses().stream()
                        .map(executor::read)
                        .flatMapToDouble(Arrays::stream)
                        .toArray();
                Map<String, double[]> read = new LinkedHashMap<>();
                gradients
                        .tensors()
                        .forEach((name, tensor) ->
                                read.put(name, HostCopy.readDoubles(backend, executor.queue(), tensor)));
                return new Passed(losses, read);
            }
        }
    }
}
