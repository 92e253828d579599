package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.Golden;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.error.Failure;
import org.espalier.format.SafetensorsFile;
import org.espalier.model.Adapter;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.model.Weights;
import org.espalier.model.arch.Llama;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training adapters of a pruned model whose layers differ in width. */
class TuningTest {

    private static final LoraConfig LORA = new LoraConfig(4, 8, 0.05, Set.copyOf(new Llama().adapterTargets()));
    private static final long PLENTY = 1L << 30;
    private static final long SEED = 7;

    @TempDir
    private Path folder;

    @Test
    void lossFallsOnWhatWasLearntAndOnWhatWasHeldOut() {
        List<Integer> heard = new ArrayList<>();
        int[] tokens = {0};
        Tuning.Listener listener = new Tuning.Listener() {
            @Override
            public void advanced(int more) {
                tokens[0] += more;
            }

            @Override
            public void updated(Update update, int steps) {
                assertEquals(20, steps);
                heard.add(update.step());
            }
        };
        run(2, settings(1e-2, PLENTY), data(), listener, (result, adapter) -> {
            assertEquals(20, result.steps());
            assertEquals(IntStream.rangeClosed(1, 20).boxed().toList(), heard);
            assertEquals(
                    List.of(0, 8, 16, 20), List.copyOf(result.heldOutLosses().keySet()));
            assertTrue(result.trainLoss() < result.losses().getFirst() - 1, result.losses()::toString);
            double before = result.heldOutLosses().firstEntry().getValue();
            assertTrue(result.heldOutLosses().lastEntry().getValue() < before - 0.5, result.heldOutLosses()::toString);
            assertEquals(2 * data().tokens(), result.tokens());
            assertEquals(2 * data().tokens() + 4 * data().heldOutTokens(), tokens[0]);
            assertFalse(result.recomputed());
            return null;
        });
    }

    @Test
    void adapterIsTheSameAtAnyNumberOfThreadsAndWhateverIsKept() throws IOException {
        byte[] alone = file(1, settings(1e-3, PLENTY), "alone");
        assertArrayEquals(alone, file(2, settings(1e-3, PLENTY), "two"));
        assertArrayEquals(alone, file(2, settings(1e-3, 0), "recomputed"));
        assertNotEquals(-1, Arrays.mismatch(alone, file(2, settings(1.1e-3, PLENTY), "other")));
    }

    @Test
    void whatWasInterruptedGoesOnToTheSameEnd() throws IOException {
        byte[] whole = file(2, settings(1e-3, PLENTY), "whole");
        List<Double> losses =
                run(2, settings(1e-3, PLENTY), data(), Tuning.Listener.NONE, (result, adapter) -> result.losses());
        Path half = Files.createDirectory(folder.resolve("half"));
        List<Tuning.Result> left = new ArrayList<>();
        on(2, model -> {
            try (LearnedAdapter learned = new LearnedAdapter(model, LORA, SEED)) {
                Tuning training = new Tuning(learned, Optional.empty(), data(), settings(1e-3, PLENTY));
                assertThrows(
                        Interruption.class,
                        () -> training.train(new Tuning.Listener() {
                            @Override
                            public void reached(Tuning.Halfway now) {
                                if (now.result().steps() == 9) {
                                    left.add(now.result());
                                    write(learned.adapter(), half);
                                    write(now, half);
                                    throw new Interruption();
                                }
                            }
                        }));
            }
            return null;
        });
        assertEquals(List.of(0, 8), List.copyOf(left.getFirst().heldOutLosses().keySet()));
        Path out = Files.createDirectory(folder.resolve("resumed"));
        on(2, model -> {
            try (LearnedAdapter learned = new LearnedAdapter(model, LORA, 1 + SEED)) {
                Tuning training = new Tuning(learned, Optional.empty(), data(), settings(1e-3, PLENTY));
                learned.load(half);
                training.resume(half, left.getFirst().history());
                Tuning.Result result = training.train(Tuning.Listener.NONE);
                write(learned.adapter(), out);
                assertEquals(losses, result.losses());
                assertEquals(
                        List.of(0, 8, 16, 20),
                        List.copyOf(result.heldOutLosses().keySet()));
                assertEquals(2 * data().tokens(), result.tokens());
            }
            return null;
        });
        assertArrayEquals(whole, Files.readAllBytes(out.resolve("adapter_model.safetensors")));
    }

    private static final class Interruption extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static void write(Tuning.Halfway now, Path folder) {
        try {
            now.writeOptimizer(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The calls that compute weight gradients get the adapters' alone to write to. */
    @Test
    void noGradientOfAFrozenWeightIsComputed() {
        assertEquals(56, gradientsWritten(LORA, Set.of()));
    }

    /** Lengths of rows are learned as a column beside one of ones. */
    @Test
    void norWhereRowsHaveLengthsOrNormsAreLearned() {
        LoraConfig.Scaling scaling = new LoraConfig.Scaling(8, false, true);
        LoraConfig some = new LoraConfig(4, scaling, 0.05, Set.of("q_proj", "down_proj"), Set.of());
        assertEquals(4 * (2 * 2), gradientsWritten(some, Set.of()));
        LoraConfig norms = new LoraConfig(
                4, scaling, 0, Set.of("q_proj"), Set.of("model.norm.weight", "model.layers.1.input_layernorm.weight"));
        assertEquals(4 * 2, gradientsWritten(norms, norms.saved()));
    }

    /** How many adapters' matrices got gradients, where nothing else did but {@code saved}. */
    private static int gradientsWritten(LoraConfig lora, Set<String> saved) {
        Set<String> called = new TreeSet<>();
        Set<Long> written = new HashSet<>();
        Set<Long> norms = new HashSet<>();
        try (CpuBackend cpu = new CpuBackend(2)) {
            Backend watched = (Backend) Proxy.newProxyInstance(
                    Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (proxy, method, arguments) -> {
                        watch(method.getName(), arguments, called, written, norms);
                        try {
                            return method.invoke(cpu, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
            on(watched, model -> {
                try (LearnedAdapter learned = new LearnedAdapter(model, lora, SEED)) {
                    new Tuning(learned, Optional.empty(), data(), settings(1e-3, PLENTY)).train(Tuning.Listener.NONE);
                }
                return null;
            });
        }
        assertTrue(
                called.containsAll(List.of("linearBackwardInput", "linearBackwardWeight", "rmsNormBackward")),
                called::toString);
        assertFalse(called.contains("embeddingBackward") || called.contains("linearBackwardBias"), called::toString);
        assertEquals(saved.size(), norms.size());
        return written.size();
    }

    private static void watch(String name, Object[] arguments, Set<String> called, Set<Long> written, Set<Long> norms) {
        if (!name.contains("Backward")) {
            return;
        }
        called.add(name);
        if (name.equals("linearBackwardWeight")) {
            Tensor gradient = ((Target) arguments[3]).tensor();
            boolean ofLengths = gradient.shape().dim(1) == 1;
            assertTrue(
                    ofLengths
                            || gradient.shape().dim(0) == LORA.rank()
                            || gradient.shape().dim(1) == LORA.rank(),
                    gradient.shape()::toString);
            if (!ofLengths) {
                written.add(place(gradient));
            }
        }
        if (name.equals("rmsNormBackward") && arguments[6] != null) {
            norms.add(place(((Target) arguments[6]).tensor()));
        }
    }

    private static long place(Tensor tensor) {
        return (long) System.identityHashCode(tensor.buffer()) << 32 | tensor.offset();
    }

    @Test
    void aLossThatIsNoNumberIsRefusedAndTheStepNamed() {
        Failure failure = assertThrows(
                Failure.class,
                () -> run(2, settings(1e30, PLENTY), data(), Tuning.Listener.NONE, (result, adapter) -> null));
        assertTrue(
                failure.oneLine()
                        .matches(
                                ".*; the first that is not finite: '.+', computed by \\w+ \\(.+\\) \\(training step [1-9]\\d*\\).*"),
                failure.oneLine());
    }

    /** Random tokens are learned by heart, which helps with no others. */
    @Test
    void whatIsKeptIsWhatTheHeldOutSamplesLikedBest() {
        Map<Integer, double[]> states = new HashMap<>();
        List<String> told = new ArrayList<>();
        on(2, model -> {
            try (LearnedAdapter learned = new LearnedAdapter(model, LORA, SEED)) {
                Tuning.Result result = new Tuning(learned, Optional.empty(), noise(), patient(OptionalInt.of(4)))
                        .train(new Tuning.Listener() {
                            @Override
                            public void evaluated(Look look) {
                                states.put(look.step(), numbers(learned));
                            }

                            @Override
                            public void learnsByHeart() {
                                told.add("by heart");
                            }

                            @Override
                            public void stopped(int step) {
                                told.add("stopped at " + step);
                            }
                        });
                int best = result.heldOutLosses().entrySet().stream()
                        .min(Map.Entry.comparingByValue())
                        .orElseThrow()
                        .getKey();
                assertEquals(best, result.keptStep());
                assertArrayEquals(states.get(best), numbers(learned));
                assertFalse(Arrays.equals(states.get(best), states.get(result.steps())));
                assertEquals(best + 4, result.steps());
                assertEquals(List.of("by heart", "stopped at " + result.steps()), told);
            }
            return null;
        });
    }

    @Test
    void theBestSoFarIsThereAfterAnInterruption() throws IOException {
        Path half = Files.createDirectory(folder.resolve("half"));
        List<Tuning.Result> left = new ArrayList<>();
        double[] whole = on(2, model -> {
            try (LearnedAdapter learned = new LearnedAdapter(model, LORA, SEED)) {
                new Tuning(learned, Optional.empty(), noise(), patient(OptionalInt.of(4))).train(new Tuning.Listener() {
                    @Override
                    public void reached(Tuning.Halfway now) {
                        if (now.result().keptStep() == now.result().steps() - 2) {
                            left.add(now.result());
                            write(learned.adapter(), half);
                            write(now, half);
                        }
                    }
                });
                return numbers(learned);
            }
        });
        on(2, model -> {
            try (LearnedAdapter learned = new LearnedAdapter(model, LORA, SEED + 1)) {
                Tuning training = new Tuning(learned, Optional.empty(), noise(), patient(OptionalInt.of(4)));
                learned.load(half);
                training.resume(half, left.getLast().history());
                assertEquals(
                        left.getLast().keptStep(),
                        training.train(Tuning.Listener.NONE).keptStep());
                assertArrayEquals(whole, numbers(learned));
            }
            return null;
        });
    }

    private static TuningSettings patient(OptionalInt patience) {
        return new TuningSettings(
                30,
                8,
                4,
                new TuningSettings.Rate(2e-2, OptionalInt.of(0), TuningSettings.Fall.LINEAR),
                TrainingSettings.plain(),
                OptionalInt.of(1),
                patience,
                PLENTY,
                SEED);
    }

    private static TrainingData noise() {
        Random random = new Random(2);
        List<Sample> samples = Stream.generate(
                        () -> Sample.of(random.ints(24, 0, 250).toArray(), filled(24)))
                .limit(16)
                .toList();
        return TrainingData.of(samples.subList(0, 12), samples.subList(12, 16));
    }

    private static boolean[] filled(int length) {
        boolean[] counts = new boolean[length];
        Arrays.fill(counts, true);
        return counts;
    }

    private static double[] numbers(LearnedAdapter learned) {
        Backend backend = learned.model().backend();
        try (Queue queue = backend.newQueue()) {
            return learned.tensors().values().stream()
                    .flatMapToDouble(t -> Arrays.stream(HostCopy.readDoubles(backend, queue, t)))
                    .toArray();
        }
    }

    @Test
    void withoutHeldOutSamplesNothingIsEvaluated() {
        run(
                2,
                settings(1e-3, PLENTY),
                TrainingData.of(data().training(), List.of()),
                Tuning.Listener.NONE,
                (result, adapter) -> {
                    assertTrue(result.heldOutLosses().isEmpty());
                    return null;
                });
    }

    private static TuningSettings settings(double rate, long memory) {
        return new TuningSettings(
                2,
                4,
                2,
                new TuningSettings.Rate(rate, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                TrainingSettings.plain(),
                OptionalInt.of(8),
                memory,
                SEED);
    }

    /** Sequences that count up, from where they like; the second half counts. */
    private static TrainingData data() {
        Random random = new Random(1);
        List<Sample> samples = Stream.generate(() -> counting(random.nextInt(200), 10 + random.nextInt(12)))
                .limit(46)
                .toList();
        return TrainingData.of(samples.subList(0, 40), samples.subList(40, 46));
    }

    private static Sample counting(int start, int length) {
        boolean[] counts = new boolean[length];
        Arrays.fill(counts, length / 2, length, true);
        return Sample.of(IntStream.range(start, start + length).toArray(), counts);
    }

    private byte[] file(int threads, TuningSettings settings, String name) throws IOException {
        Path out = Files.createDirectory(folder.resolve(name));
        run(threads, settings, data(), Tuning.Listener.NONE, (result, adapter) -> {
            write(adapter, out);
            return null;
        });
        return Files.readAllBytes(out.resolve("adapter_model.safetensors"));
    }

    private static void write(Adapter adapter, Path folder) {
        try (Backend backend = new CpuBackend(1);
                SafetensorsFile base = SafetensorsFile.open(Golden.resource("lora/base.safetensors"))) {
            adapter.writeInto(folder, backend, PrunedLlama.config(base.tensors()), "base");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static <T> T run(
            int threads,
            TuningSettings settings,
            TrainingData data,
            Tuning.Listener listener,
            BiFunction<Tuning.Result, Adapter, T> then) {
        try (Backend backend = new CpuBackend(threads)) {
            return run(backend, settings, data, listener, then);
        }
    }

    private static <T> T run(
            Backend backend,
            TuningSettings settings,
            TrainingData data,
            Tuning.Listener listener,
            BiFunction<Tuning.Result, Adapter, T> then) {
        return on(backend, model -> {
            try (LearnedAdapter learned = new LearnedAdapter(model, LORA, SEED)) {
                Tuning.Result result = new Tuning(learned, Optional.empty(), data, settings).train(listener);
                return then.apply(result, learned.adapter());
            }
        });
    }

    private static <T> T on(int threads, Function<Model, T> work) {
        try (Backend backend = new CpuBackend(threads)) {
            return on(backend, work);
        }
    }

    private static <T> T on(Backend backend, Function<Model, T> work) {
        try (SafetensorsFile base = SafetensorsFile.open(Golden.resource("lora/base.safetensors"))) {
            ModelConfig config = PrunedLlama.config(base.tensors());
            Weights weights = Weights.bind(backend, new Transformer(config).shape(), base.tensors(), "golden");
            try (Model model = Model.of(config, weights, backend)) {
                return work.apply(model);
            }
        }
    }
}
