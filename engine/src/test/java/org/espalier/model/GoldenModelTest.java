package org.espalier.model;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFile;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logits, losses and gradients of tiny models against an independent float64 implementation. */
class GoldenModelTest {

    private static Path golden(String model) {
        return Shared.path("golden/" + model);
    }

    private static int[][] calibration() {
        return Golden.ids(Golden.json(Shared.path("golden/calib_ids.json")).get("calib_ids"));
    }

    @ParameterizedTest
    @CsvSource({
        "mha, reference, 1e-9",
        "gqa, reference, 1e-9",
        "mha, cpu, 1e-4",
        "gqa, cpu, 1e-4",
        "mha, cuda, 1e-4",
        "gqa, cuda, 1e-4"
    })
    void logitsAndLosses(String name, String backendName, double tolerance) {
        Path folder = golden(name);
        int[][] ids = calibration();
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = Checkpoints.open(folder.resolve("model"));
                Model model = Model.open(checkpoint, backend);
                SafetensorsFile forward = SafetensorsFile.open(folder.resolve("forward.safetensors"));
                Scorer scorer = new Scorer(model)) {
            Packed packed = Packed.of(List.of(ids[0]));
            Recording recording = model.transformer().logits(packed.tokens());
            try (Executor executor = Executor.inference(backend, recording.tape(), model.leaves(Map.of()))) {
                packed.feed(executor, recording);
                executor.forward(packed.sequences());
                Golden.assertClose(
                        Golden.doubles(forward, "logits_seq0_f64"),
                        executor.read(recording.logits()),
                        tolerance,
                        "logits");
            }
            double[] losses = Arrays.stream(scorer.losses(List.of(ids)))
                    .mapToDouble(l -> Arrays.stream(l).average().orElseThrow())
                    .toArray();
            Golden.assertClose(Golden.doubles(forward, "losses_f64"), losses, tolerance, "losses");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "mha, reference, KEEP, 1e-9",
        "gqa, reference, KEEP, 1e-9",
        "mha, cpu, KEEP, 1e-4",
        "gqa, cpu, KEEP, 1e-4",
        "gqa, reference, RECOMPUTE, 1e-9",
        "gqa, cpu, RECOMPUTE, 1e-4",
        "mha, cuda, KEEP, 1e-4",
        "gqa, cuda, KEEP, 1e-4",
        "gqa, cuda, RECOMPUTE, 1e-4"
    })
    void gradientsOfEveryWeight(String name, String backendName, Retention retention, double tolerance) {
        Path folder = golden(name);
        Packed packed = Packed.of(List.of(calibration()));
        try (Backend backend = Backends.open(backendName);
                Checkpoint checkpoint = Checkpoints.open(folder.resolve("model"));
                Model model = Model.open(checkpoint, backend);
                SafetensorsFile expected = SafetensorsFile.open(folder.resolve("grads_f64.safetensors"))) {
            Recording recording = model.transformer().loss(packed.tokens());
            try (GradientStore gradients = new GradientStore(backend, recording.tape(), n -> true);
                    Executor executor = new Executor(
                            backend, recording.tape(), model.leaves(Map.of()), gradients, retention, Observer.NONE)) {
                packed.feed(executor, recording);
                executor.forward(packed.sequences());
                executor.backward(1.0 / packed.counted(), false);
                Assertions.assertEquals(2 + 1 + 9 * 4, gradients.tensors().size());
                gradients
                        .tensors()
                        .forEach((weight, tensor) -> Golden.assertCloseToLargest(
                                Golden.doubles(expected, "grad." + weight),
                                HostCopy.readDoubles(backend, executor.queue(), tensor),
                                tolerance,
                                weight));
            }
        }
    }
}
