package org.espalier.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.backend.Backend;
import org.espalier.couple.Group.Role;
import org.espalier.ffi.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.model.Llama;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Packed;
import org.espalier.model.RotaryConfig;
import org.espalier.prune.Allocation.Normalise;
import org.espalier.prune.Allocation.Scope;
import org.espalier.prune.BlockScores.Kind;
import org.espalier.prune.UnitScores.Alignment;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Small architectures, ratios and ways of pruning drawn at random: what cannot be done is explained; what is done leaves
 * what was planned, as many parameters as asked for, and a model that computes what the whole one does with the same units
 * zeroed.
 */
class PruningPropertyTest {

    private static final int CASES = 120;
    private static final List<Role> ROLES = List.of(Role.HEADS, Role.QUERY_HEADS, Role.NEURONS);
    private static final List<Criterion> CRITERIA = List.of(Criterion.L2, Criterion.RANDOM, Criterion.PARAM_FIRST,
            Criterion.VECTORIZE, Criterion.PARAM_SECOND, Criterion.WANDA);

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> anythingGoes() {
        return IntStream.range(0, CASES).mapToObj(seed -> DynamicTest.dynamicTest("seed " + seed, () -> {
            Random random = new Random(seed);
            ModelConfig config = architecture(random);
            RandomModel.write(config, seed, folder.resolve("source" + seed));
            try (Backend backend = Backends.open("cpu"); Checkpoint source = Checkpoint.open(folder.resolve("source" + seed));
                    Model model = Model.open(source, backend)) {
                prune(random, source, model, backend, folder.resolve("cut" + seed));
            }
        }));
    }

    private static ModelConfig architecture(Random random) {
        int headDim = 2 * (1 + random.nextInt(4));
        List<LayerConfig> layers = new ArrayList<>();
        for (int layer = 1 + random.nextInt(4); layer > 0; layer--) {
            int kvHeads = 1 + random.nextInt(3);
            layers.add(new LayerConfig(kvHeads * (1 + random.nextInt(3)), kvHeads, 1 + random.nextInt(24)));
        }
        boolean attentionBias = random.nextInt(4) == 0;
        return new ModelConfig("LlamaForCausalLM", "llama", 11 + random.nextInt(20), 4 + random.nextInt(28), headDim, layers,
                1e-5, RotaryConfig.plain(10000), 64, random.nextBoolean(), attentionBias, attentionBias,
                random.nextInt(4) == 0);
    }

    private static Budget budget(Random random, int layers) {
        List<Role> roles = ROLES.stream().filter(role -> random.nextBoolean()).toList();
        List<Kind> blocks = Stream.of(Kind.values()).filter(kind -> random.nextInt(4) == 0).toList();
        boolean channels = random.nextInt(4) == 0;
        int first = random.nextInt(layers);
        int last = first + random.nextInt(layers - first);
        BlockCriterion[] criteria = BlockCriterion.values();
        boolean dependency = random.nextInt(6) > 0 || roles.containsAll(List.of(Role.HEADS, Role.QUERY_HEADS));
        int steps = dependency ? 1 + random.nextInt(2) : 1;
        return new Budget(
                new Budget.Amount(0.9 * random.nextDouble(), random.nextBoolean(), 1 + random.nextInt(3) * random.nextInt(4), steps),
                random.nextBoolean() ? Scope.LOCAL : Scope.GLOBAL,
                random.nextBoolean() ? Normalise.PARAMETERS : Normalise.NONE,
                new Budget.Candidates(channels ? List.of(Role.CHANNELS) : roles, channels ? List.of() : blocks,
                        criteria[random.nextInt(criteria.length)], layer -> layer >= first, layer -> layer <= last,
                        dependency));
    }

    private static void prune(Random random, Checkpoint source, Model model, Backend backend, Path out) {
        ModelConfig config = model.config();
        Budget budget = budget(random, config.layers().size());
        boolean dependency = budget.candidates().dependency();
        Criterion criterion = dependency ? CRITERIA.get(random.nextInt(CRITERIA.size())) : Criterion.PARAM_FIRST;
        Calibration calibration = new Calibration(
                IntStream.range(0, 3).mapToObj(s -> random.ints(9, 0, config.vocab()).toArray()).toList());
        ModelScores.Method method = new ModelScores.Method(criterion, criterion.defaultAggregate(), Alignment.BY_UNIT, 1);
        Pruning.Result result;
        try {
            result = new Pruning(source, model, ModelScores.Walking.inMemory(), out).plan(method, budget, Optional.of(calibration));
        } catch (Failure explained) {
            assertTrue(explained.oneLine().matches(
                    "(nothing may be removed|only \\d+ of \\d+ parameters can be removed|ratio \\S+ rounds to no unit"
                            + "|the (MLP|attention) of layer \\d+ has no scored units).*"),
                    explained.oneLine());
            return;
        }
        assertTrue(!Files.exists(out), "something is left of the steps");
        long before = new Llama(config).shape().parameterCount();
        assertEquals(before, result.plan().parametersBefore());
        if (!budget.amount().ofUnits()) {
            assertTrue(before - result.plan().parametersAfter() >= before * budget.amount().ratio(), "too few went");
        }
        if (budget.candidates().roles().contains(Role.NEURONS)) {
            assertRounded(config, result.plan(), budget.amount().round());
        }
        Selection applied = new PlanSelection(config, "plan").removed(result.plan());
        new Compactor(source, config, applied, Optional.empty()).writer().write(out, false);
        try (Checkpoint cut = Checkpoint.open(out); Model smaller = Model.open(cut, backend)) {
            assertEquals(result.plan().parametersAfter(), new Llama(smaller.config()).shape().parameterCount());
            Packed tokens = Packed.of(calibration.sequences());
            double[] logits = Zeroed.logits(smaller, tokens, backend);
            if (dependency) {
                Golden.assertClose(Zeroed.logits(model, applied, tokens, backend), logits, 1e-4, budget.mode());
            }
        }
    }

    /** An MLP that lost neurons, but not all, has the width that was asked for. */
    private static void assertRounded(ModelConfig config, Plan plan, int round) {
        for (Plan.Layer layer : plan.layers()) {
            int kept = layer.keptNeurons().length;
            boolean cut = kept < config.layers().get(layer.layer()).intermediate();
            assertTrue(!cut || kept % round == 0, () -> kept + " neurons are no multiple of " + round);
        }
    }
}
