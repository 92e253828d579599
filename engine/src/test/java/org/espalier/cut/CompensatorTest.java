package org.espalier.cut;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.RandomModel;
import org.espalier.backend.Backend;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFolder;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.model.PrunedConfig;
import org.espalier.model.Transformer;
import org.espalier.model.Transformer.Recording;
import org.espalier.model.arch.Llama;
import org.espalier.tape.Executor;
import org.espalier.tape.Value;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What makes up for removed units: exactly where that is possible, and better than nothing elsewhere. */
class CompensatorTest {

    private static final List<int[]> SEQUENCES = sequences(48, 24);

    @TempDir
    private Path folder;

    private static List<int[]> sequences(int count, int length) {
        Random random = new Random(5);
        return IntStream.range(0, count)
                .mapToObj(s -> random.ints(length, 0, 50).toArray())
                .toList();
    }

    /** Neurons whose weights are 0 give the same for every token, which a bias holds entirely. */
    @Test
    void aBiasStandsForWhatIsConstant() {
        ModelConfig config = new Llama()
                .withBranchBiases(RandomModel.config(32, 8, 2, new LayerConfig(4, 2, 24), true))
                .orElseThrow();
        RandomModel.write(config, 1, folder.resolve("source"), CompensatorTest::deadenFirstThree);
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(folder.resolve("source"));
                Model model = Model.open(source, backend)) {
            Selection selection = neurons(config, 0, 1, 2);
            double[] dense = logits(model, backend);
            Golden.assertClose(dense, pruned(source, model, selection, Compensation.BIAS, backend), 1e-4, "bias");
            assertTrue(error(dense, pruned(source, model, selection, Compensation.NONE, backend)) > 1e-2);
        }
    }

    private static void deadenFirstThree(Value parameter, float[] numbers) {
        if (parameter.name().endsWith("gate_proj.weight") || parameter.name().endsWith("up_proj.weight")) {
            Arrays.fill(numbers, 0, 3 * parameter.shape().columns(), 0);
        } else if (parameter.name().endsWith("gate_proj.bias")
                || parameter.name().endsWith("up_proj.bias")) {
            Arrays.fill(numbers, 0, 3, 1.5f);
        }
    }

    /** A neuron that does what another does is taken over by that one, as far as the ridge lets it. */
    @Test
    void leastSquaresFindsATwin() {
        ModelConfig config = RandomModel.config(32, 8, 1, new LayerConfig(4, 4, 24), false);
        RandomModel.write(config, 2, folder.resolve("source"), (parameter, numbers) -> {
            if (parameter.name().endsWith("gate_proj.weight")
                    || parameter.name().endsWith("up_proj.weight")) {
                int columns = parameter.shape().columns();
                System.arraycopy(numbers, columns, numbers, 0, columns);
            }
        });
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(folder.resolve("source"));
                Model model = Model.open(source, backend)) {
            Selection selection = neurons(config, 0);
            double[] dense = logits(model, backend);
            double plain = error(dense, pruned(source, model, selection, Compensation.NONE, backend));
            double fitted = error(dense, pruned(source, model, selection, Compensation.LSTSQ, backend));
            assertTrue(fitted < 0.05 * plain, fitted + " of " + plain);
        }
    }

    /** Without limit, the ridge leaves everything as it was cut; on its way there what is fitted moves less and less. */
    @Test
    void theRidgeHoldsOldWeights() {
        ModelConfig config = RandomModel.config(32, 8, 2, new LayerConfig(4, 2, 24), false);
        RandomModel.write(config, 7, folder.resolve("source"));
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(folder.resolve("source"));
                Model model = Model.open(source, backend)) {
            Selection selection = neurons(config, 2, 3, 5);
            double[] plain = pruned(source, model, selection, Compensation.NONE, backend);
            double[] moved = DoubleStream.of(0.01, 1, 1e8)
                    .map(ridge -> {
                        write(source, model, selection, Compensation.LSTSQ, ridge, folder.resolve("fitted"));
                        return error(plain, read(folder.resolve("fitted"), config, selection, backend));
                    })
                    .toArray();
            assertTrue(moved[0] > moved[1] && moved[1] > moved[2], Arrays.toString(moved));
            assertEquals(0, moved[2], 1e-10);
        }
    }

    /** On the data it was computed on, every way is better than none, whatever is removed. */
    @ParameterizedTest
    @CsvSource({"HEADS", "QUERY_HEADS", "NEURONS"})
    void betterThanNothing(Role role) {
        ModelConfig config = RandomModel.config(32, 8, 3, new LayerConfig(8, 2, 40), true);
        RandomModel.write(config, 3, folder.resolve("source"));
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(folder.resolve("source"));
                Model model = Model.open(source, backend)) {
            Selection selection = new Selection(Structure.of(new Transformer(config).shape()));
            for (Units units : Structure.of(new Transformer(config).shape()).units()) {
                if (units.group().role() == role) {
                    IntStream.range(0, units.sets()).forEach(lane -> selection.remove(units, lane * units.perSet()));
                }
            }
            double[] dense = logits(model, backend);
            double plain = error(dense, pruned(source, model, selection, Compensation.NONE, backend));
            assertTrue(error(dense, pruned(source, model, selection, Compensation.LSTSQ, backend)) < 0.95 * plain);
            assertTrue(error(dense, pruned(source, model, selection, Compensation.BIAS, backend)) < plain);
        }
    }

    /** Layers that are gone still count in the source's numbering. */
    @Test
    void layersThatAreGone() {
        ModelConfig config = RandomModel.config(32, 8, 4, new LayerConfig(4, 2, 24), true);
        RandomModel.write(config, 4, folder.resolve("source"));
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(folder.resolve("source"));
                Model model = Model.open(source, backend)) {
            Selection selection = neurons(config, 5, 6);
            selection.structure().branches().subList(2, 5).forEach(selection::remove);
            assertArrayEquals(new int[] {0, 2, 3}, selection.keptLayers());
            double[] dense = logits(model, backend);
            double plain = error(dense, pruned(source, model, selection, Compensation.NONE, backend));
            double fitted = error(dense, pruned(source, model, selection, Compensation.LSTSQ, backend));
            assertTrue(fitted < plain, fitted + " of " + plain);
        }
    }

    @Test
    void theSameBytesAtAnyNumberOfThreads() throws IOException {
        ModelConfig config = RandomModel.config(32, 8, 2, new LayerConfig(4, 2, 24), true);
        RandomModel.write(config, 6, folder.resolve("source"));
        byte[][] written = new byte[2][];
        for (int threads = 1; threads <= 2; threads++) {
            try (Backend backend = Backends.cpu(threads);
                    Checkpoint source = Checkpoints.open(folder.resolve("source"));
                    Model model = Model.open(source, backend)) {
                write(
                        source,
                        model,
                        neurons(config, 1, 7, 9),
                        Compensation.LSTSQ,
                        0.01,
                        folder.resolve("threads" + threads));
            }
            written[threads - 1] = Files.readAllBytes(folder.resolve("threads" + threads + "/model.safetensors"));
        }
        assertArrayEquals(written[0], written[1]);
    }

    private static Selection neurons(ModelConfig config, int... gone) {
        Selection selection = new Selection(Structure.of(new Transformer(config).shape()));
        Structure.of(new Transformer(config).shape()).units().stream()
                .filter(u -> u.group().role() == Role.NEURONS)
                .forEach(u -> selection.remove(u, gone));
        return selection;
    }

    private double[] pruned(Checkpoint source, Model model, Selection selection, Compensation kind, Backend backend) {
        Path out = folder.resolve(kind.toString());
        write(source, model, selection, kind, 0.01, out);
        return read(out, model.config(), selection, backend);
    }

    private static double[] read(Path out, ModelConfig config, Selection selection, Backend backend) {
        try (Checkpoint cut = Checkpoints.open(out);
                Model smaller = Model.open(cut, backend)) {
            assertEquals(
                    PrunedConfig.of(config, selection).layers(),
                    smaller.config().layers());
            return logits(smaller, backend);
        }
    }

    private static void write(
            Checkpoint source, Model model, Selection selection, Compensation kind, double ridge, Path out) {
        try (Compensated compensated = new Compensator(model, selection, SEQUENCES, ridge).run(kind, () -> {})) {
            new SafetensorsFolder()
                    .write(
                            out,
                            new Compactor(source, model.config(), selection, Optional.empty()).content(compensated),
                            true);
        }
    }

    private static double[] logits(Model model, Backend backend) {
        Packed tokens = Packed.of(SEQUENCES);
        Recording recording = model.transformer().logits(tokens.tokens());
        try (Executor executor = Executor.inference(backend, recording.tape(), model.leaves(Map.of()))) {
            tokens.feed(executor, recording);
            executor.forward(tokens.sequences());
            return executor.read(recording.logits());
        }
    }

    private static double error(double[] expected, double[] actual) {
        return IntStream.range(0, expected.length)
                        .mapToDouble(i -> Math.pow(expected[i] - actual[i], 2))
                        .sum()
                / expected.length;
    }
}
