package org.espalier.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.Families;
import org.espalier.Golden;
import org.espalier.Zeroed;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.LossOps;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFile;
import org.espalier.model.SharedCache.Answers;
import org.espalier.model.SharedCache.Part;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every family against transformers in float64: sizes, logits, loss, the gradient of every weight, greedy tokens. */
class FamilyGoldenTest {

    private static final int SEQUENCES = 3;

    /**
     * Transformers computes norms, rotary tables and the loss in float32 whatever the model's type, so its float64 results
     * have that much of an error.
     */
    private static final double FLOAT32_INSIDE = 2e-5;

    static Stream<String> families() {
        return Families.ofTransformers();
    }

    static Stream<Arguments> familiesOnBackends() {
        return families()
                .flatMap(family -> Stream.of(
                        Arguments.of(family, "reference", FLOAT32_INSIDE),
                        Arguments.of(family, "cpu", 1e-4),
                        Arguments.of(family, "cuda", 1e-4)));
    }

    private static Path folder(String family) {
        return Families.folder(family);
    }

    private static List<int[]> sequences(SafetensorsFile golden) {
        int[] ids = Golden.integers(golden, "ids");
        int length = ids.length / SEQUENCES;
        List<int[]> sequences = new ArrayList<>();
        for (int s = 0; s < SEQUENCES; s++) {
            sequences.add(Arrays.copyOfRange(ids, s * length, (s + 1) * length));
        }
        return sequences;
    }

    @ParameterizedTest
    @MethodSource("familiesOnBackends")
    void logits(String family, String backendName, double tolerance) {
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = Checkpoints.open(folder(family).resolve("model"));
                Model model = Model.open(checkpoint, backend);
                SafetensorsFile golden = SafetensorsFile.open(folder(family).resolve("golden.safetensors"))) {
            Packed packed = Packed.of(sequences(golden));
            Recording recording = model.transformer().logits(packed.tokens());
            try (Executor executor = Executor.inference(backend, recording.tape(), model.leaves(Map.of()))) {
                packed.feed(executor, recording);
                executor.forward(packed.sequences());
                Golden.assertClose(
                        Golden.doubles(golden, "logits_f64"), executor.read(recording.logits()), tolerance, family);
            }
        }
    }

    static Stream<Arguments> exactOnBackends() {
        return families()
                .flatMap(family -> Stream.of(
                        Arguments.of(family, "reference", 1e-9),
                        Arguments.of(family, "cpu", 1e-4),
                        Arguments.of(family, "cuda", 1e-4)));
    }

    /**
     * The logits of the first tokens without an error of float32. They were computed with numpy in float64 by a forward
     * pass of its own, written after transformers' modules. With transformers' roundings to float32 put in (norms summed in
     * the order of its vectors) that pass gave the recorded logits of every first token bit for bit; of later tokens, whose
     * rotation and softmax depend on its exponential and sines too, as closely as float32 goes.
     */
    @ParameterizedTest
    @MethodSource("exactOnBackends")
    void exactLogits(String family, String backendName, double tolerance) {
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = Checkpoints.open(folder(family).resolve("model"));
                Model model = Model.open(checkpoint, backend);
                SafetensorsFile exact =
                        SafetensorsFile.open(Golden.resource("families/" + family + "/exact.safetensors"))) {
            Packed tokens = Packed.of(List.of(Golden.integers(exact, "ids")));
            Golden.assertClose(
                    Golden.doubles(exact, "logits"), Zeroed.logits(model, tokens, backend), tolerance, family);
        }
    }

    @ParameterizedTest
    @MethodSource("familiesOnBackends")
    void lossAndTheGradientOfEveryWeight(String family, String backendName, double tolerance) {
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = Checkpoints.open(folder(family).resolve("model"));
                Model model = Model.open(checkpoint, backend);
                SafetensorsFile golden = SafetensorsFile.open(folder(family).resolve("golden.safetensors"))) {
            Packed packed = Packed.of(sequences(golden));
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
                        new double[] {meanLoss(golden, packed)},
                        new double[] {loss / packed.counted()},
                        tolerance,
                        "loss");
                executor.backward(1.0 / packed.counted(), false);
                Map<String, double[]> expected = new HashMap<>();
                golden.tensors().keySet().stream()
                        .filter(name -> name.startsWith("grad."))
                        .forEach(name -> expected.put(name.substring(5), Golden.doubles(golden, name)));
                Map<String, Tensor> computed = gradients.tensors();
                HeldExperts.divided(expected, computed.keySet());
                // Whatever a file calls its head, transformers holds it under one name.
                String head = computed.keySet().stream()
                        .filter(weight -> !expected.containsKey(weight))
                        .findFirst()
                        .orElse("lm_head.weight");
                computed.forEach((weight, tensor) -> Golden.assertCloseToLargest(
                        expected.remove(weight.equals(head) ? "lm_head.weight" : weight),
                        HostCopy.readDoubles(backend, executor.queue(), tensor),
                        tolerance,
                        weight));
                assertEquals(Map.of(), expected);
            }
        }
    }

    /** The loss of the golden logits, in float64. */
    private static double meanLoss(SafetensorsFile golden, Packed packed) {
        double[] logits = Golden.doubles(golden, "logits_f64");
        int vocab = logits.length / packed.tokens();
        double sum = 0;
        for (int token = 0; token < packed.tokens(); token++) {
            int target = packed.targets()[token];
            if (target != LossOps.IGNORED) {
                int row = token * vocab;
                double total =
                        Arrays.stream(logits, row, row + vocab).map(Math::exp).sum();
                sum += Math.log(total) - logits[row + target];
            }
        }
        return sum / packed.counted();
    }

    @ParameterizedTest
    @MethodSource("families")
    void greedyTokensThroughTheCache(String family) {
        JsonNode golden = Golden.json(folder(family).resolve("golden.json"));
        int[] prompt = Golden.ints(golden.get("prompt_ids"));
        int[] expected = Golden.ints(golden.get("greedy_ids"));
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(folder(family).resolve("model"));
                Model model = Model.open(checkpoint, backend);
                Generator generator = new Generator(model, prompt.length + expected.length)) {
            int[] ids = new int[expected.length];
            ids[0] = generator.next(prompt);
            for (int i = 1; i < ids.length; i++) {
                ids[i] = generator.next(ids[i - 1]);
            }
            assertEquals(Arrays.toString(expected), Arrays.toString(ids));
            assertEquals(
                    golden.get("parameters").asLong(), model.structure().tape().parameterCount());
        }
    }

    /** Layer by layer, and side by side in one cache in pieces: the losses are those of the texts alone. */
    @ParameterizedTest
    @MethodSource("families")
    void everyWayThroughAModelGivesTheSameLosses(String family, @TempDir Path scratch) {
        try (Backend backend = Backends.open("cpu");
                Checkpoint checkpoint = Checkpoints.open(folder(family).resolve("model"));
                Model model = Model.open(checkpoint, backend);
                SafetensorsFile golden = SafetensorsFile.open(folder(family).resolve("golden.safetensors"));
                Scorer scorer = new Scorer(model);
                SharedCache cache = new SharedCache(model, 120)) {
            List<int[]> texts = sequences(golden);
            double[][] alone = scorer.losses(texts);
            double[][] layerwise = new LayerwiseScorer(model, 0, scratch, Observer.NONE).losses(texts);
            for (int s = 0; s < alone.length; s++) {
                assertArrayEquals(alone[s], layerwise[s], 1e-6, "layer by layer");
            }
            int[] first = texts.get(0);
            int[] second = texts.get(1);
            cache.run(List.of(Part.open(1, 0, Arrays.copyOf(first, 30)), Part.open(60, 0, Arrays.copyOf(second, 41))));
            Answers after = cache.run(List.of(
                    new Part(60, 41, new int[] {second[41]}, new int[] {0}, new int[] {second[42]}),
                    new Part(
                            1, 30, Arrays.copyOfRange(first, 30, 47), new int[] {0, 16}, new int[] {first[31], first[47]
                            })));
            assertEquals(alone[1][41], after.loss(0), 1e-5, "decoded");
            assertEquals(alone[0][30], after.loss(1), 1e-5, "gone on with");
            assertEquals(alone[0][46], after.loss(2), 1e-5, "gone on with");
        }
    }
}
