package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.RandomModel;
import org.espalier.Zeroed;
import org.espalier.backend.Backend;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.cut.Compactor;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.Aggregate;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores;
import org.espalier.importance.BlockScores.Kind;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.model.RotaryConfig;
import org.espalier.model.Transformer;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanSelection;
import org.espalier.plan.RemovalOrder;
import org.espalier.plan.RoundWidths;
import org.espalier.score.ModelScores;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Small architectures, ratios and ways of pruning drawn at random, in every mode: what cannot be done is explained; what is
 * done leaves what was planned, as many parameters as asked for, and a model that computes what the whole one does with the
 * same units zeroed. Where channels of the residual stream go, that one's norms run over the kept ones only.
 */
class PruningPropertyTest {

    private enum Mode {
        BLOCK,
        CHANNEL,
        LAYER
    }

    private static final int CASES = 80;
    private static final List<Role> ROLES = List.of(Role.HEADS, Role.QUERY_HEADS, Role.NEURONS);
    /** Those that score single matrices. */
    private static final List<Criterion> PLAIN = Stream.of(Criterion.values())
            .filter(c -> c != Criterion.RANDOM && !c.standardised() && !c.ofExpertsOnly())
            .toList();

    /** Those that score the units of any model. */
    private static final Criterion[] UNITS =
            Stream.of(Criterion.values()).filter(c -> !c.ofExpertsOnly()).toArray(Criterion[]::new);

    private static final String EXPLAINED = "(nothing may be removed|only \\d+ of \\d+ parameters can be removed"
            + "|ratio \\S+ rounds to no unit|the (MLP|attention) of layer \\d+ has no scored units).*";

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicNode> anythingGoes() {
        return Stream.of(Mode.values()).map(mode -> {
            AtomicInteger pruned = new AtomicInteger();
            Stream<DynamicTest> cases = IntStream.range(0, CASES)
                    .mapToObj(seed ->
                            DynamicTest.dynamicTest("seed " + seed, () -> pruned.addAndGet(prune(mode, seed) ? 1 : 0)));
            DynamicTest most = DynamicTest.dynamicTest(
                    "most are pruned", () -> assertTrue(pruned.get() > CASES / 2, pruned + " of " + CASES));
            return DynamicContainer.dynamicContainer(mode.toString(), Stream.concat(cases, Stream.of(most)));
        });
    }

    /** Returns whether it was pruned, not explained. */
    private boolean prune(Mode mode, int seed) {
        Random random = new Random(seed);
        ModelConfig config = architecture(random);
        Path whole = folder.resolve(mode + " source " + seed);
        RandomModel.write(config, seed, whole);
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(whole);
                Model model = Model.open(source, backend)) {
            return prune(mode, random, source, model, backend, folder.resolve(mode + " cut " + seed));
        }
    }

    private static ModelConfig architecture(Random random) {
        int headDim = 2 * (1 + random.nextInt(4));
        List<LayerConfig> layers = new ArrayList<>();
        for (int layer = 1 + random.nextInt(4); layer > 0; layer--) {
            int kvHeads = 1 + random.nextInt(3);
            layers.add(new LayerConfig(kvHeads * (1 + random.nextInt(3)), kvHeads, 1 + random.nextInt(24)));
        }
        boolean attentionBias = random.nextInt(4) == 0;
        return Llama.config(
                new ModelConfig.Sizes(11 + random.nextInt(20), 4 + random.nextInt(28), headDim, layers, 64),
                1e-5,
                RotaryConfig.plain(10000),
                random.nextBoolean(),
                new Biases(attentionBias, attentionBias, random.nextInt(4) == 0));
    }

    private static Budget budget(Mode mode, Random random, int layers) {
        List<Role> roles = ROLES.stream().filter(role -> random.nextBoolean()).toList();
        List<Kind> blocks =
                Stream.of(Kind.values()).filter(kind -> random.nextInt(4) == 0).toList();
        int first = random.nextInt(layers);
        int last = first + random.nextInt(layers - first);
        BlockCriterion[] criteria = BlockCriterion.values();
        boolean dependency =
                mode != Mode.BLOCK || random.nextInt(6) > 0 || roles.containsAll(List.of(Role.HEADS, Role.QUERY_HEADS));
        int steps = dependency ? 1 + random.nextInt(2) : 1;
        return new Budget(
                new Budget.Amount(
                        ratio(random), random.nextBoolean(), 1 + random.nextInt(3) * random.nextInt(4), steps),
                random.nextBoolean() ? Scope.LOCAL : Scope.GLOBAL,
                random.nextBoolean() ? Normalise.PARAMETERS : Normalise.NONE,
                new Candidates(
                        switch (mode) {
                            case BLOCK -> roles.isEmpty() && blocks.isEmpty() ? List.of(Role.NEURONS) : roles;
                            case CHANNEL -> List.of(Role.CHANNELS);
                            case LAYER -> List.of();
                        },
                        switch (mode) {
                            case BLOCK -> blocks;
                            case CHANNEL -> List.of();
                            case LAYER -> List.of(Kind.LAYERS);
                        },
                        criteria[random.nextInt(criteria.length)],
                        layer -> mode == Mode.LAYER || layer >= first,
                        layer -> mode == Mode.LAYER || layer <= last,
                        dependency));
    }

    /** From 0 to 0.9, both included and likelier than others. */
    private static double ratio(Random random) {
        return Math.clamp(random.nextDouble() - 0.05, 0, 0.9);
    }

    private static <T> T any(T[] values, Random random) {
        return values[random.nextInt(values.length)];
    }

    private static Method method(Budget budget, Random random) {
        boolean any = budget.candidates().dependency() && random.nextInt(4) == 0;
        Criterion criterion = any ? any(UNITS, random) : PLAIN.get(random.nextInt(PLAIN.size()));
        return new Method(
                criterion,
                any(Aggregate.values(), random),
                random.nextBoolean() ? Alignment.BY_UNIT : Alignment.LLM_PRUNER,
                1);
    }

    private static boolean prune(Mode mode, Random random, Checkpoint source, Model model, Backend backend, Path out) {
        ModelConfig config = model.config();
        Budget budget = budget(mode, random, config.layers().size());
        Calibration calibration = new Calibration(IntStream.range(0, 3)
                .mapToObj(s -> random.ints(9, 0, config.vocab()).toArray())
                .toList());
        Pruning.Result result;
        try {
            result = new Pruning(source, model, ModelScores.Walking.inMemory(), out)
                    .plan(method(budget, random), budget, Optional.of(calibration));
        } catch (Failure explained) {
            assertTrue(explained.oneLine().matches(EXPLAINED), explained.oneLine());
            return false;
        }
        assertTrue(!Files.exists(out), "something is left of the steps");
        assertPlanned(config, budget, result.plan());
        Selection applied = new PlanSelection(config, "plan").removed(result.plan());
        new SafetensorsFolder().write(out, new Compactor(source, config, applied, Optional.empty()).content(), false);
        try (Checkpoint cut = Checkpoints.open(out);
                Model smaller = Model.open(cut, backend)) {
            assertEquals(
                    result.plan().parameters().after(),
                    new Transformer(smaller.config()).shape().parameterCount());
            Packed tokens = Packed.of(calibration.sequences());
            double[] logits = Zeroed.logits(smaller, tokens, backend);
            if (budget.candidates().dependency()) {
                Golden.assertClose(Zeroed.logits(model, applied, tokens, backend), logits, 1e-4, budget.mode());
            }
        }
        return true;
    }

    /** At least as many parameters go as asked for, or about as many where widths are rounded, and less than a removal more. */
    private static void assertPlanned(ModelConfig config, Budget budget, Plan plan) {
        long before = new Transformer(config).shape().parameterCount();
        assertEquals(before, plan.parameters().before());
        if (!budget.amount().ofUnits()) {
            double more = before
                    - plan.parameters().after()
                    - before * budget.amount().ratio();
            assertTrue(more >= 0 || !budget.amount().rounding().anyWidth(), "too few went");
            assertTrue(more == 0 || Math.abs(more) < largestRemoval(config, budget), "too many went, or too few");
        }
        if (budget.candidates().roles().contains(Role.NEURONS)) {
            assertRounded(config, plan, budget.amount().rounding().multiple());
        }
    }

    /** Parameters of the largest part that goes at once. */
    private static long largestRemoval(ModelConfig config, Budget budget) {
        Selection nothing = new Selection(Structure.of(new Transformer(config).shape()));
        LongStream units = Structure.of(new Transformer(config).shape()).units().stream()
                .filter(budget.candidates()::allows)
                .map(u -> RemovalOrder.of(
                        new UnitScores(u, new double[u.count()]),
                        new RoundWidths(config, budget.amount().rounding()).multiple(u),
                        nothing))
                .flatMap(removals -> removals.all().stream())
                .mapToLong(RemovalOrder.Removal::parameters);
        List<Integer> layers =
                IntStream.range(0, config.layers().size()).boxed().toList();
        LongStream blocks = budget.candidates().blocks().stream()
                .map(kind -> new BlockScores(kind, nothing.structure(), layers, new double[layers.size()]))
                .flatMapToLong(scores -> layers.stream().mapToLong(scores::parameters));
        return LongStream.concat(units, blocks).max().orElseThrow();
    }

    /** An MLP that lost neurons, but not all, has the width that was asked for. */
    private static void assertRounded(ModelConfig config, Plan plan, int round) {
        for (Plan.Layer layer : plan.kept().layers()) {
            int kept = layer.keptNeurons().length;
            boolean cut = kept < config.layers().get(layer.layer()).intermediate();
            assertTrue(!cut || kept % round == 0, () -> kept + " neurons are no multiple of " + round);
        }
    }
}
