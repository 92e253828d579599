package org.espalier.cut;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.espalier.Backends;
import org.espalier.RandomModel;
import org.espalier.backend.Backend;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.cut.BranchDivergence.Narrowed;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFolder;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Branch;
import org.espalier.tape.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What narrowing one branch does, measured from the stored stream on, is what whole passes of the narrowed models give. */
class BranchDivergenceTest {

    private static final List<int[]> SEQUENCES = IntStream.of(17, 2, 30)
            .mapToObj(length -> new Random(length).ints(length, 0, 50).toArray())
            .toList();

    private static final ModelConfig CONFIG = RandomModel.config(32, 8, 3, new LayerConfig(8, 2, 40), true);

    @TempDir
    private Path folder;

    private Backend backend;
    private Checkpoint source;
    private Model model;

    @BeforeEach
    void open() {
        RandomModel.write(CONFIG, 3, folder.resolve("source"));
        backend = Backends.open("cpu");
        source = Checkpoints.open(folder.resolve("source"));
        model = Model.open(source, backend);
    }

    @AfterEach
    void close() {
        model.close();
        source.close();
        backend.close();
    }

    @Test
    void whatWholePassesGive() {
        List<Narrowed> all = List.of(
                units(0, Role.QUERY_HEADS, 1, 6),
                units(0, Role.NEURONS, 0, 1, 2, 3, 20),
                units(1, Role.HEADS, 1),
                gone(1, Branch.Kind.MLP),
                units(2, Role.NEURONS, IntStream.range(0, 35).toArray()),
                gone(2, Branch.Kind.MLP));
        double[] measured = measured(all, Compensation.NONE, 100);
        double[] dense = logits(model);
        for (int i = 0; i < measured.length; i++) {
            double whole = divergence(dense, wholePass(all.get(i).selection(), Compensation.NONE));
            assertTrue(whole > 1e-4, "something changes: " + whole);
            assertEquals(whole, measured[i], 1e-6 + 1e-5 * whole, "narrowed " + i);
        }
        assertArrayEquals(measured, measured(all, Compensation.NONE, 1), "one stream at a time");
        assertArrayEquals(measured, measured(all, Compensation.NONE, 2), "forms of one branch apart");
    }

    /** Of the last branch, since a whole fit also changes the branches above the one that is narrowed. */
    @Test
    void whatAFitLeaves() {
        List<Narrowed> all = List.of(units(2, Role.NEURONS, 0, 3, 5, 7, 11, 13));
        double fitted = measured(all, Compensation.LSTSQ, 100)[0];
        double whole = divergence(logits(model), wholePass(all.getFirst().selection(), Compensation.LSTSQ));
        assertEquals(whole, fitted, 1e-6 + 1e-5 * whole);
        assertTrue(fitted < measured(all, Compensation.NONE, 100)[0]);
    }

    @Test
    void theSameAtAnyNumberOfThreads() {
        List<Narrowed> all = List.of(units(0, Role.NEURONS, 4, 5), units(1, Role.QUERY_HEADS, 0, 7));
        double[] usual = measured(all, Compensation.LSTSQ, 9);
        try (Backend one = Backends.cpu(1);
                Model alone = Model.open(source, one)) {
            double[] single =
                    new BranchDivergence(alone, SEQUENCES, Compensation.LSTSQ, 1, false).of(all, 9, streams -> {});
            assertArrayEquals(usual, single);
        }
    }

    private double[] measured(List<Narrowed> all, Compensation kind, int streams) {
        BranchDivergence divergence = new BranchDivergence(model, SEQUENCES, kind, 1, true);
        AtomicLong steps = new AtomicLong();
        double[] measured = divergence.of(all, streams, steps::addAndGet);
        assertEquals(divergence.steps(all), steps.get(), "what is told of the work");
        return measured;
    }

    private Narrowed units(int layer, Role role, int... gone) {
        Structure structure = model.structure();
        Units units = structure.units(layer, role).orElseThrow();
        Selection selection = new Selection(structure);
        selection.remove(units, gone);
        Branch.Kind kind = role.inMlp() ? Branch.Kind.MLP : Branch.Kind.ATTENTION;
        return new Narrowed(structure.branch(layer, kind).orElseThrow(), selection);
    }

    private Narrowed gone(int layer, Branch.Kind kind) {
        Branch branch = model.structure().branch(layer, kind).orElseThrow();
        Selection selection = new Selection(model.structure());
        selection.remove(branch);
        return new Narrowed(branch, selection);
    }

    private double[] wholePass(Selection selection, Compensation kind) {
        Path out = folder.resolve("narrowed");
        try (Compensated compensated = new Compensator(model, selection, SEQUENCES, 1).run(kind, () -> {})) {
            Compactor compactor = new Compactor(source, CONFIG, selection, Optional.empty());
            new SafetensorsFolder().write(out, compactor.content(compensated), true);
        }
        try (Checkpoint cut = Checkpoints.open(out);
                Model narrowed = Model.open(cut, backend)) {
            return logits(narrowed);
        }
    }

    private double[] logits(Model of) {
        Packed tokens = Packed.of(SEQUENCES);
        Recording recording = of.transformer().logits(tokens.tokens());
        try (Executor executor = Executor.inference(backend, recording.tape(), of.leaves(Map.of()))) {
            tokens.feed(executor, recording);
            executor.forward(tokens.sequences());
            return executor.read(recording.logits());
        }
    }

    /** By definition, of every token but the last of each sequence. */
    private static double divergence(double[] reference, double[] given) {
        double sum = 0;
        int counted = 0;
        int token = 0;
        for (int[] sequence : SEQUENCES) {
            for (int t = 0; t < sequence.length - 1; t++) {
                double[] p = probabilities(reference, token + t);
                double[] q = probabilities(given, token + t);
                for (int v = 0; v < p.length; v++) {
                    sum += p[v] * Math.log(p[v] / q[v]);
                }
                counted++;
            }
            token += sequence.length;
        }
        return sum / counted;
    }

    private static double[] probabilities(double[] logits, int row) {
        double[] powers = new double[50];
        double sum = 0;
        for (int v = 0; v < powers.length; v++) {
            powers[v] = Math.exp(logits[row * powers.length + v]);
            sum += powers[v];
        }
        List<Double> shares = new ArrayList<>();
        for (double power : powers) {
            shares.add(power / sum);
        }
        return shares.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
