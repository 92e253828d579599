package org.espalier.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.RandomModel;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.error.Failure;
import org.espalier.model.Model;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Numbers that multiply units, and what training makes of them. */
class LearnedGatesTest {

    private static final String DOWN = "model.layers.0.mlp.down_proj.weight";
    private static final String LATER_DOWN = "model.layers.1.mlp.down_proj.weight";
    private static final String ATTENTION = "model.layers.1.self_attn.o_proj.weight";
    private static final double STEP = 1e-5;

    /** A gate of neurons, one of heads four columns wide, and one of two whole branches. */
    private static final List<Gate> GATES = List.of(
            new Gate("neurons", 6, Map.of(DOWN, columns(6, 1))),
            new Gate("heads", 2, Map.of(ATTENTION, columns(2, 4))),
            new Gate("branches", 2, Map.of(DOWN, new int[6], LATER_DOWN, new int[] {1, 1, 1, 1, 1, 1})));

    @TempDir
    private Path folder;

    @BeforeEach
    void write() {
        RandomModel.write(RandomModel.config(8, 4, 2, new LayerConfig(2, 1, 6), false), 1, folder.resolve("model"));
    }

    private static int[] columns(int units, int width) {
        return IntStream.range(0, units * width).map(i -> i / width).toArray();
    }

    @Test
    void gradientsAreThoseOfFiniteDifferences() {
        try (Backend backend = new ReferenceBackend();
                ModelCheckpoint checkpoint = ModelCheckpoint.open(folder.resolve("model"));
                Model model = Model.open(checkpoint, backend);
                Teacher teacher = new Teacher(model, 1);
                LearnedGates gates = new LearnedGates(model, GATES, start(), numbers -> numbers);
                Trainer trainer = new Trainer(
                        backend,
                        gates.training(teacher.losses(model.transformer())),
                        gates.measured(teacher.losses(model.transformer())),
                        teacher.leaves(gates.leaves()),
                        gates.tensors(),
                        new TrainingSettings(0.9, 0.999, 1e-8, 0, 0),
                        Retention.KEEP,
                        Observer.NONE);
                Queue queue = backend.newQueue()) {
            Packed batch = batch();
            double loss = trainer.step(List.of(batch), 0).loss();
            assertTrue(loss > 1e-4, "the gates change what is predicted: " + loss);
            assertEquals(loss, trainer.evaluate(List.of(batch)), 1e-12);
            Map<String, double[]> gradients = new LinkedHashMap<>();
            trainer.gradients().forEach((name, g) -> gradients.put(name, HostCopy.readDoubles(backend, queue, g)));
            gradients.forEach((name, of) -> {
                for (int unit = 0; unit < of.length; unit++) {
                    double expected = (loss(teacher, model, name, unit, STEP) - loss(teacher, model, name, unit, -STEP))
                            / (2 * STEP);
                    assertEquals(expected, of[unit], 1e-7 + 1e-5 * Math.abs(expected), name + " " + unit);
                }
            });
        }
    }

    private static double loss(Teacher teacher, Model model, String name, int unit, double step) {
        Map<String, double[]> start = start();
        start.get(name)[unit] += step;
        try (LearnedGates gates = new LearnedGates(model, GATES, start, numbers -> numbers);
                Trainer trainer = new Trainer(
                        model.backend(),
                        gates.measured(teacher.losses(model.transformer())),
                        teacher.leaves(gates.leaves()),
                        Map.of(),
                        TrainingSettings.plain(),
                        Retention.KEEP)) {
            return trainer.evaluate(List.of(batch()));
        }
    }

    /** The k-th of n numbers weighs as the product that the recurrence makes of it. */
    @Test
    void laterNumbersCountMoreInTheMean() {
        try (Backend backend = new ReferenceBackend();
                ModelCheckpoint checkpoint = ModelCheckpoint.open(folder.resolve("model"));
                Model model = Model.open(checkpoint, backend);
                LearnedGates gates = new LearnedGates(model, GATES, start(), numbers -> numbers);
                Queue queue = backend.newQueue()) {
            double mean = 0;
            for (int update = 1; update <= 5; update++) {
                double[] heads = {update * update, -update};
                HostCopy.writeDoubles(backend, queue, heads, gates.tensors().get("heads"));
                queue.finish();
                gates.settle();
                mean += 4.0 / (update + 3) * (heads[0] - mean);
                assertEquals(mean, gates.mean().get("heads")[0], 1e-12);
            }
            assertTrue(gates.mean().get("heads")[0] > (1 + 4 + 9 + 16 + 25) / 5.0);
        }
    }

    @Test
    void unitsThatNoMatrixReadsHaveNoGate() {
        Failure failure = assertThrows(Failure.class, () -> new Gate("gate of channels", 3, Map.of()));
        assertTrue(failure.oneLine().contains("gate of channels"), failure.oneLine());
    }

    private static Map<String, double[]> start() {
        Random random = new Random(5);
        Map<String, double[]> start = new LinkedHashMap<>();
        for (Gate gate : GATES) {
            start.put(gate.name(), random.doubles(gate.units(), 0.2, 1.5).toArray());
        }
        return start;
    }

    private static Packed batch() {
        Random random = new Random(2);
        return Packed.of(Arrays.asList(
                random.ints(7, 0, 50).toArray(), random.ints(5, 0, 50).toArray()));
    }
}
