package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.RandomModel;
import org.espalier.Zeroed;
import org.espalier.backend.LossOps;
import org.espalier.backend.cpu.CpuBackend;
import org.espalier.backend.reference.ReferenceBackend;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.importance.Aggregate;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.Rankings;
import org.espalier.importance.UnitScores;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.plan.Planner;
import org.espalier.score.ModelScores;
import org.espalier.score.Ranker;
import org.espalier.tape.Branch;
import org.espalier.tune.LearnedGates;
import org.espalier.tune.Teacher;
import org.espalier.tune.TrainingSettings;
import org.espalier.tune.Tuner;
import org.espalier.tune.TuningSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Learning what to keep. */
class GateLearningTest {

    private static final ModelConfig CONFIG = RandomModel.config(16, 4, 2, new LayerConfig(4, 2, 8), false);
    private static final Method SCORES = new Method(Criterion.PARAM_SECOND, Aggregate.SUM, Alignment.BY_UNIT, 1);

    @TempDir
    private Path folder;

    /** Neurons 0, 1 and 2 are the same: each of them does little, all of them together do much. */
    private void writePlanted() {
        RandomModel.write(CONFIG, 3, folder.resolve("model"), (parameter, numbers) -> {
            switch (parameter.name()) {
                case "model.layers.0.mlp.gate_proj.weight", "model.layers.0.mlp.up_proj.weight" -> {
                    System.arraycopy(numbers, 0, numbers, 16, 16);
                    System.arraycopy(numbers, 0, numbers, 32, 16);
                }
                case "model.layers.0.mlp.down_proj.weight" -> {
                    for (int row = 0; row < 16; row++) {
                        numbers[8 * row] *= 0.6f;
                        numbers[8 * row + 1] = numbers[8 * row];
                        numbers[8 * row + 2] = numbers[8 * row];
                    }
                }
                default -> {}
            }
        });
    }

    private static List<int[]> sequences(int count) {
        Random random = new Random(4);
        return IntStream.range(0, count)
                .mapToObj(_ -> random.ints(16, 0, 50).toArray())
                .toList();
    }

    @Test
    void ofUnitsThatDoTheSameOneStaysThoughEachScoresLowest() {
        writePlanted();
        Calibration texts = new Calibration(sequences(32));
        try (OpenModel open = OpenModel.open(folder.resolve("model"), Optional.empty(), new CpuBackend(1))) {
            Candidates neurons = new Candidates(
                    List.of(Role.NEURONS), List.of(), BlockCriterion.COSINE, layer -> false, layer -> layer == 0, true);
            Budget budget = new Budget(new Budget.Amount(0.375, true, 1, 1), Scope.LOCAL, Normalise.NONE, neurons);
            Planner planner = new Planner(CONFIG, open.model().structure(), budget);
            Rankings scores =
                    Ranker.of(open.model(), ModelScores.Walking.inMemory(), SCORES, neurons, texts.sequences());
            Units units = scores.units().getFirst().units();
            double[] found = scores.units().getFirst().scores();
            double highest = Math.max(found[0], Math.max(found[1], found[2]));
            for (int neuron = 3; neuron < found.length; neuron++) {
                assertTrue(highest < found[neuron], "the score of neuron " + neuron);
            }
            GateSettings settings = GateSettings.defaults().tokens(7_000).rate(0.05);
            GateLearning.Chosen chosen = new GateLearning(open, budget, Normalise.NONE, settings, 1, Listener.NONE)
                    .choose(planner, scores, new Selection(open.model().structure()), texts);
            BitSet gone = chosen.selection().removed(units);
            assertEquals(3, gone.cardinality());
            assertTrue(gone.nextClearBit(0) < 3, gone::toString);
            assertTrue(chosen.record().after() < 0.9 * chosen.record().before(), chosen::toString);
        }
    }

    /** Units of every kind at once: what gates measure is the divergence of the model in which they are 0. */
    @Test
    void whatGoesIsZeroToTheLoss() {
        RandomModel.write(CONFIG, 5, folder.resolve("model"));
        Packed batch = Packed.of(sequences(2));
        try (OpenModel open = OpenModel.open(folder.resolve("model"), Optional.empty(), new ReferenceBackend())) {
            Model model = open.model();
            Rankings all = everything(model);
            RankedGates ranked = new RankedGates(model.structure(), all);
            Selection gone = new Selection(model.structure());
            for (UnitScores scored : all.units()) {
                int last = scored.units().perSet() - 1;
                for (int set = 0; set < scored.units().sets(); set++) {
                    gone.remove(scored.units(), set * scored.units().perSet() + (set + last) % (last + 1));
                }
            }
            Map<String, double[]> factors = ranked.factors(gone);
            try (LearnedGates gates = new LearnedGates(model, ranked.gates(), factors, numbers -> numbers);
                    Teacher teacher = new Teacher(model, 1);
                    Tuner tuner = new Tuner(gates, Optional.of(teacher), settings(), batch)) {
                double expected = divergence(
                        Zeroed.logits(model, batch, model.backend()),
                        Zeroed.logits(model, gone, batch, model.backend()),
                        batch);
                assertTrue(expected > 1e-3);
                assertEquals(expected, tuner.evaluate(List.of(batch), tokens -> {}), 1e-9 * expected);
            }
        }
    }

    /** Heads with key/value heads, query heads of each, and neurons. */
    private static Rankings everything(Model model) {
        List<UnitScores> units = new ArrayList<>();
        for (Units found : model.structure().units()) {
            if (List.of(Role.HEADS, Role.QUERY_HEADS, Role.NEURONS)
                    .contains(found.group().role())) {
                units.add(new UnitScores(found, new double[found.count()]));
            }
        }
        return new Rankings(units, List.of());
    }

    private static double divergence(double[] dense, double[] left, Packed batch) {
        int vocab = CONFIG.vocab();
        double sum = 0;
        for (int t = 0; t < batch.tokens(); t++) {
            if (batch.targets()[t] != LossOps.IGNORED) {
                double p = logSum(dense, t * vocab, vocab);
                double q = logSum(left, t * vocab, vocab);
                for (int v = t * vocab; v < (t + 1) * vocab; v++) {
                    sum += Math.exp(dense[v] - p) * (dense[v] - p - left[v] + q);
                }
            }
        }
        return sum / batch.counted();
    }

    private static double logSum(double[] logits, int start, int count) {
        return Math.log(IntStream.range(start, start + count)
                .mapToDouble(i -> Math.exp(logits[i]))
                .sum());
    }

    @Test
    void numbersBeginInTheOrderOfWhatAParameterIsWorth() {
        RandomModel.write(CONFIG, 5, folder.resolve("model"));
        try (OpenModel open = OpenModel.open(folder.resolve("model"), Optional.empty(), new ReferenceBackend())) {
            Units neurons = open.model().structure().units(0, Role.NEURONS).orElseThrow();
            Units heads = open.model().structure().units(0, Role.HEADS).orElseThrow();
            double each =
                    (double) heads.group().parametersPerUnit() / neurons.group().parametersPerUnit();
            Rankings scores = new Rankings(
                    List.of(
                            new UnitScores(neurons, new double[] {5, 1, 2, 8, 9, 10, 11, 12}),
                            new UnitScores(heads, new double[] {3 * each, 7 * each})),
                    List.of(new BlockScores(
                            BlockScores.Kind.MLP, open.model().structure(), List.of(1), new double[] {0, 1e9})));
            RankedGates ranked = new RankedGates(open.model().structure(), scores);
            Map<String, double[]> start = ranked.start(Normalise.PARAMETERS);
            double[] ofNeurons = start.get("gate of " + neurons.group().name());
            double[] ofHeads = start.get("gate of " + heads.group().name());
            double[] ofBlocks = start.get("gate of mlp");
            double[] all = IntStream.range(0, 12)
                    .mapToDouble(i -> Math.sqrt(12) * ((i + 0.5) / 12 - 0.5))
                    .toArray();
            assertArrayEquals(
                    new double[] {all[3], all[0], all[1], all[5], all[6], all[7], all[8], all[9]}, ofNeurons, 1e-12);
            assertArrayEquals(new double[] {all[2], all[4]}, ofHeads, 1e-12);
            assertArrayEquals(new double[] {all[11], all[10]}, ofBlocks, 1e-12, "layer 0 has none that may go");
            Selection gone = new Selection(open.model().structure());
            gone.remove(open.model().structure().branch(1, Branch.Kind.MLP).orElseThrow());
            assertArrayEquals(new double[] {1, 0}, ranked.factors(gone).get("gate of mlp"));
        }
    }

    @Test
    void tooFewSequencesAreRefused() {
        RandomModel.write(CONFIG, 5, folder.resolve("model"));
        try (OpenModel open = OpenModel.open(folder.resolve("model"), Optional.empty(), new CpuBackend(1))) {
            Budget budget = new Budget(
                    new Budget.Amount(0.25, true, 1, 1),
                    Scope.LOCAL,
                    Normalise.NONE,
                    Candidates.anywhere(List.of(Role.NEURONS), List.of(), BlockCriterion.COSINE));
            Failure failure = assertThrows(
                    Failure.class,
                    () -> new GateLearning(open, budget, Normalise.NONE, GateSettings.defaults(), 1, Listener.NONE)
                            .choose(
                                    new Planner(CONFIG, budget),
                                    everything(open.model()),
                                    new Selection(open.model().structure()),
                                    new Calibration(sequences(7))));
            assertTrue(failure.oneLine().contains("7 calibration sequences are too few"), failure.oneLine());
        }
    }

    private static TuningSettings settings() {
        return new TuningSettings(
                1,
                1,
                1,
                new TuningSettings.Rate(1, OptionalInt.empty(), TuningSettings.Fall.COSINE),
                TrainingSettings.plain(),
                OptionalInt.empty(),
                1L << 30,
                1);
    }
}
