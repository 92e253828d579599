package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.Golden;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.LossOps;
import org.espalier.backend.Queue;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.error.Failure;
import org.espalier.eval.TokenDivergence;
import org.espalier.format.SafetensorsFile;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;
import org.espalier.model.RotaryConfig;
import org.espalier.model.Transformer;
import org.espalier.model.Transformer.Recording;
import org.espalier.model.Weights;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tape.Executor;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Learning from the predictions of another model. */
class TeacherTest {

    private static final LoraConfig LORA = new LoraConfig(4, 8, 0.05, Set.copyOf(new Llama().adapterTargets()));
    private static final long PLENTY = 1L << 30;
    private static final long SEED = 7;
    private static final double ERROR = 2e-5;

    @Test
    void aModelHasNothingToLearnFromItself() {
        with(2, (learner, other) -> {
            Packed batch = batch(3, 20);
            try (LearnedAdapter adapter = new LearnedAdapter(learner, LORA, SEED);
                    Teacher itself = new Teacher(learner, 1);
                    Tuner trainer = tuner(adapter, itself, batch)) {
                Trainer.StepResult result = trainer.step(List.of(batch), 1e-2, tokens -> {});
                assertEquals(0, result.loss());
                assertEquals(0, result.gradientNorm());
            }
        });
    }

    /** Of more tokens than have their logits computed at once. */
    @Test
    void lossIsTheDivergenceOfBothModelsLogits() {
        with(2, (learner, other) -> {
            Packed batch = batch(9, 128);
            float[] p = logits(other, batch);
            float[] q = logits(learner, batch);
            double divergence = 0;
            double likelihood = 0;
            for (int t = 0; t < batch.tokens(); t++) {
                int target = batch.targets()[t];
                if (target != LossOps.IGNORED) {
                    TokenDivergence token =
                            TokenDivergence.of(p, q, t, learner.config().vocab(), target);
                    divergence += token.kl() / batch.counted();
                    likelihood += token.nll() / batch.counted();
                }
            }
            assertTrue(batch.counted() > 1024, batch::toString);
            for (double share : new double[] {0.25, 1}) {
                try (LearnedWeights weights = new LearnedWeights(learner);
                        Teacher teacher = new Teacher(other, share);
                        Tuner trainer = tuner(weights, teacher, batch)) {
                    double expected = share * divergence + (1 - share) * likelihood;
                    assertEquals(expected, trainer.evaluate(List.of(batch), tokens -> {}), ERROR * expected);
                }
            }
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void predictionsAreLearnedTheSameAtAnyNumberOfThreadsAndWhateverIsKept(boolean all) {
        List<float[]> found = new ArrayList<>();
        for (int run = 0; run < 3; run++) {
            long memory = run == 2 ? 0 : PLENTY;
            with(run == 0 ? 1 : 2, (learner, other) -> {
                try (Learned learned = all ? new LearnedWeights(learner) : new LearnedAdapter(learner, LORA, SEED);
                        Teacher teacher = new Teacher(other, 1)) {
                    Tuning.Result result = new Tuning(learned, Optional.of(teacher), data(), settings(memory))
                            .train(Tuning.Listener.NONE);
                    double before = result.heldOutLosses().firstEntry().getValue();
                    double after = result.heldOutLosses().lastEntry().getValue();
                    assertTrue(after < 0.95 * before, before + " to " + after);
                    found.add(numbers(learned));
                }
            });
        }
        assertArrayEquals(found.getFirst(), found.get(1));
        assertArrayEquals(found.getFirst(), found.get(2));
    }

    @Test
    void aTeacherOfOtherTokensIsRefused() {
        with(1, (learner, other) -> {
            ModelConfig fewer = Llama.config(
                    new ModelConfig.Sizes(
                            255, 64, 8, other.config().layers(), other.config().maxPositions()),
                    1e-6,
                    RotaryConfig.plain(10000),
                    false,
                    Biases.NONE);
            try (Model strange = random(fewer, learner.backend());
                    LearnedAdapter adapter = new LearnedAdapter(learner, LORA, SEED);
                    Teacher teacher = new Teacher(strange, 1)) {
                Failure failure = assertThrows(
                        Failure.class, () -> new Tuning(adapter, Optional.of(teacher), data(), settings(PLENTY)));
                assertTrue(
                        failure.oneLine().contains("the teacher knows 255 tokens and the model 256"),
                        failure.oneLine());
            }
        });
    }

    private static Tuner tuner(Learned learned, Teacher teacher, Packed batch) {
        return new Tuner(learned, Optional.of(teacher), settings(PLENTY), batch);
    }

    private static TuningSettings settings(long memory) {
        return new TuningSettings(
                1,
                4,
                2,
                new TuningSettings.Rate(1e-2, OptionalInt.empty(), TuningSettings.Fall.COSINE),
                TrainingSettings.allWeights(),
                OptionalInt.of(8),
                memory,
                SEED);
    }

    private static float[] numbers(Learned learned) {
        Backend backend = learned.model().backend();
        try (Queue queue = backend.newQueue()) {
            return learned.tensors().values().stream()
                    .map(t -> HostCopy.readFloats(backend, queue, t))
                    .reduce(new float[0], TeacherTest::joined);
        }
    }

    private static float[] joined(float[] a, float[] b) {
        float[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private static float[] logits(Model model, Packed batch) {
        Recording recording = model.transformer().logits(batch.tokens());
        try (Executor executor = Executor.inference(model.backend(), recording.tape(), model.leaves(Map.of()))) {
            batch.feed(executor, recording);
            executor.forward(batch.sequences());
            return executor.readFloats(recording.logits());
        }
    }

    private static Packed batch(int sequences, int length) {
        return Sample.pack(samples(sequences, length));
    }

    private static TrainingData data() {
        List<Sample> samples = samples(46, 16);
        return TrainingData.of(samples.subList(0, 40), samples.subList(40, 46));
    }

    private static List<Sample> samples(int count, int length) {
        Random random = new Random(1);
        return Stream.generate(() -> random.nextInt(256 - length - 1))
                .limit(count)
                .map(start ->
                        Sample.of(IntStream.rangeClosed(start, start + length).toArray(), everyToken(length + 1)))
                .toList();
    }

    private static boolean[] everyToken(int length) {
        boolean[] counts = new boolean[length];
        Arrays.fill(counts, true);
        return counts;
    }

    @FunctionalInterface
    private interface Work {
        void of(Model learner, Model other);
    }

    /** A pruned model, and one of its sizes with other weights. */
    private static void with(int threads, Work work) {
        try (Backend backend = new CpuBackend(threads);
                SafetensorsFile base = SafetensorsFile.open(Golden.resource("lora/base.safetensors"))) {
            ModelConfig config = PrunedLlama.config(base.tensors());
            Weights weights = Weights.bind(backend, new Transformer(config).shape(), base.tensors(), "golden");
            try (Model learner = Model.of(config, weights, backend);
                    Model other = random(config, backend)) {
                work.of(learner, other);
            }
        }
    }

    private static Model random(ModelConfig config, Backend backend) {
        Map<String, Tensor> weights = Initialisation.weights(
                backend, new Transformer(config).shape(), config.layers().size(), 3);
        return Model.of(config, Weights.owning(weights), backend);
    }
}
