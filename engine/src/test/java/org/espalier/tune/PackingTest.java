package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.Golden;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.format.SafetensorsFile;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;
import org.espalier.model.Transformer;
import org.espalier.model.Weights;
import org.espalier.tape.Retention;
import org.junit.jupiter.api.Test;

/** Samples that are packed together learn exactly as each by itself. */
class PackingTest {

    private static final double ERROR = 1e-5;
    private static final int[] LENGTHS = {1, 37, 2, 16, 9, 1, 64, 5};

    @Test
    void lossAndGradientsOnReference() {
        try (Backend backend = new ReferenceBackend()) {
            compare(backend);
        }
    }

    @Test
    void lossAndGradientsOnCpu() {
        try (Backend backend = new CpuBackend(2)) {
            compare(backend);
        }
    }

    private static void compare(Backend backend) {
        List<Sample> samples = samples();
        Step together = step(backend, List.of(Sample.pack(samples)));
        Step apart =
                step(backend, samples.stream().map(s -> Sample.pack(List.of(s))).toList());
        assertEquals(apart.loss, together.loss, ERROR * apart.loss);
        apart.gradients.forEach((name, expected) -> {
            float[] found = together.gradients.get(name);
            double scale = ERROR
                    * IntStream.range(0, expected.length)
                            .mapToDouble(i -> Math.abs(expected[i]))
                            .max()
                            .orElseThrow();
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], found[i], scale, name);
            }
        });
    }

    private record Step(double loss, Map<String, float[]> gradients) {}

    /** The loss and its gradients by all weights. */
    private static Step step(Backend backend, List<Packed> microBatches) {
        try (SafetensorsFile base = SafetensorsFile.open(Golden.resource("lora/base.safetensors"))) {
            ModelConfig config = PrunedLlama.config(base.tensors());
            Weights weights = Weights.bind(backend, new Transformer(config).shape(), base.tensors(), "golden");
            try (Model model = Model.of(config, weights, backend);
                    LearnedWeights learned = new LearnedWeights(model);
                    Trainer trainer = new Trainer(
                            backend,
                            b -> learned.trained().loss(b.tokens(), b.counted()),
                            learned.leaves(),
                            learned.tensors(),
                            TrainingSettings.plain(),
                            Retention.KEEP);
                    Queue queue = backend.newQueue()) {
                double loss = trainer.step(microBatches, 0).loss();
                Map<String, float[]> gradients = new LinkedHashMap<>();
                trainer.gradients().forEach((name, g) -> gradients.put(name, HostCopy.readFloats(backend, queue, g)));
                return new Step(loss, gradients);
            }
        }
    }

    /** Of several lengths, some of which count only in part. */
    private static List<Sample> samples() {
        Random random = new Random(1);
        return IntStream.of(LENGTHS)
                .mapToObj(length -> {
                    boolean[] counts = new boolean[length + 1];
                    Arrays.fill(counts, length / 2, length + 1, true);
                    return Sample.of(random.ints(length + 1, 0, 256).toArray(), counts);
                })
                .toList();
    }
}
