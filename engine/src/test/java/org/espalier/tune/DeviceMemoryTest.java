package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.espalier.Golden;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.cuda.StandIn;
import org.espalier.error.OutOfMemory;
import org.espalier.format.SafetensorsFile;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.model.Weights;
import org.espalier.model.arch.Llama;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Training on a device with memory of its own, whatever the host has: the same numbers with much of it and with little. */
@ExtendWith(StandIn.class)
class DeviceMemoryTest {

    private static final LoraConfig LORA = new LoraConfig(4, 8, 0.05, Set.copyOf(new Llama().adapterTargets()));
    private static final long SEED = 7;
    /** What the host has, which is not asked. */
    private static final long PLENTY = Long.MAX_VALUE;

    private final List<Integer> recomputesFrom = new ArrayList<>();
    private TrainingMemory planned;

    @BeforeEach
    void needsTheStandIn() {
        StandIn.requireItself();
    }

    @Test
    void whatDoesNotFitTheDeviceIsComputedAgainFromTheBeginning() {
        Trained kept = train(0, (_, _) -> {});
        assertFalse(kept.recomputed);
        assertFalse(planned.recomputed());
        Trained again = train(planned.activations() + 4 * planned.learned(), (_, _) -> {});
        assertTrue(again.recomputed);
        assertTrue(planned.recomputed());
        assertEquals(List.of(), recomputesFrom);
        assertArrayEquals(kept.numbers, again.numbers);
        assertEquals(kept.tokens, again.tokens);
    }

    /** Another program takes all that is left, and then a larger batch comes. */
    @Test
    void memoryThatRunsOutInTheMiddleIsMadeDoWith() {
        Trained kept = train(0, (_, _) -> {});
        Trained less = train(0, (backend, step) -> {
            if (step == 1) {
                StandIn.setMemory(backend.ownMemory().orElseThrow().used() + 1000);
            }
        });
        assertTrue(less.recomputed);
        assertEquals(1, recomputesFrom.size());
        assertTrue(recomputesFrom.getFirst() > 1, recomputesFrom::toString);
        assertArrayEquals(kept.numbers, less.numbers);
        assertEquals(kept.tokens, less.tokens);
    }

    @Test
    void trainingThatCannotFitIsRefusedBeforeItStarts() {
        OutOfMemory refused = assertThrows(OutOfMemory.class, () -> train(10_000, (_, _) -> {}));
        assertTrue(refused.problem().startsWith("training takes "), refused.problem());
        assertTrue(
                refused.problem().endsWith(" MiB of the GPU's memory beside the model, 0 MiB are free"),
                refused.problem());
    }

    private interface After {
        void update(Backend backend, int step);
    }

    /**
     * @param numbers of the adapter
     * @param tokens  that the listener heard of
     */
    private record Trained(boolean recomputed, double[] numbers, long tokens) {}

    /** @param left bytes of the device beside the model; 0 for all that it has */
    private Trained train(long left, After after) {
        recomputesFrom.clear();
        StandIn.reset();
        try (CudaBackend backend = CudaBackend.open(0);
                SafetensorsFile base = SafetensorsFile.open(Golden.resource("lora/base.safetensors"))) {
            ModelConfig config = PrunedLlama.config(base.tensors());
            Weights weights = Weights.bind(backend, new Transformer(config).shape(), base.tensors(), "golden");
            try (Model model = Model.of(config, weights, backend);
                    LearnedAdapter learned = new LearnedAdapter(model, LORA, SEED)) {
                if (left != 0) {
                    StandIn.setMemory(backend.ownMemory().orElseThrow().used() + left);
                }
                long[] tokens = {0};
                Tuning.Result result = new Tuning(learned, Optional.empty(), data(), settings())
                        .train(new Tuning.Listener() {
                            @Override
                            public void begins(TrainingMemory memory) {
                                planned = memory;
                            }

                            @Override
                            public void advanced(int more) {
                                tokens[0] += more;
                            }

                            @Override
                            public void recomputes(int step) {
                                recomputesFrom.add(step);
                            }

                            @Override
                            public void updated(Update update, int steps) {
                                after.update(backend, update.step());
                            }
                        });
                return new Trained(result.recomputed(), numbers(backend, learned), tokens[0]);
            }
        }
    }

    private static double[] numbers(Backend backend, LearnedAdapter learned) {
        try (Queue queue = backend.newQueue()) {
            return learned.tensors().values().stream()
                    .flatMapToDouble(t -> Arrays.stream(HostCopy.readDoubles(backend, queue, t)))
                    .toArray();
        }
    }

    private static TuningSettings settings() {
        return new TuningSettings(
                2,
                2,
                1,
                new TuningSettings.Rate(1e-3, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                TrainingSettings.plain(),
                OptionalInt.of(3),
                PLENTY,
                SEED);
    }

    /** Of many lengths, so that the largest batch is not among the first. */
    private static TrainingData data() {
        Random random = new Random(1);
        List<Sample> samples = IntStream.range(0, 12)
                .mapToObj(i -> {
                    boolean[] counts = new boolean[8 + 2 * i];
                    Arrays.fill(counts, true);
                    return Sample.of(random.ints(counts.length, 0, 250).toArray(), counts);
                })
                .toList();
        return TrainingData.of(samples.subList(0, 10), samples.subList(10, 12));
    }
}
