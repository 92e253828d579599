package org.espalier.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores;
import org.espalier.importance.Candidates;
import org.espalier.importance.Rankings;
import org.espalier.importance.UnitScores;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.PrunedConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.StockClass;
import org.espalier.model.Transformer;
import org.espalier.model.arch.LlamaConfig;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What widths are left of architectures and ratios drawn at random, in every mode. */
class RoundWidthsTest {

    private static final int CASES = 200;
    private static final List<List<Role>> MODES = List.of(
            List.of(Role.NEURONS),
            List.of(Role.HEADS, Role.NEURONS),
            List.of(Role.QUERY_HEADS, Role.NEURONS),
            List.of(Role.HEADS),
            List.of(Role.CHANNELS),
            List.of(Role.CHANNELS, Role.NEURONS, Role.HEADS));

    private static ModelConfig config(String type, int hidden, int headDim, List<LayerConfig> layers) {
        return new LlamaConfig(
                type.equals("llama") ? "LlamaForCausalLM" : "MistralForCausalLM",
                type,
                new ModelConfig.Sizes(100, hidden, headDim, layers, 64),
                1e-5,
                RotaryConfig.plain(10000),
                true,
                Biases.NONE);
    }

    /** One of the families, whose layers may differ unless they are to be equal. */
    private static ModelConfig config(Random random, boolean equal) {
        int headDim = 4 << random.nextInt(4);
        int kvHeads = 1 + random.nextInt(4);
        int heads = kvHeads * (1 + random.nextInt(3));
        LayerConfig common = new LayerConfig(heads, kvHeads, 8 + random.nextInt(500));
        List<LayerConfig> layers = new ArrayList<>(Collections.nCopies(1 + random.nextInt(4), common));
        if (!equal && random.nextBoolean()) {
            layers.set(0, new LayerConfig(heads, kvHeads, 8 + random.nextInt(500)));
        }
        return config(random.nextBoolean() ? "llama" : "mistral", heads * (4 + random.nextInt(40)), headDim, layers);
    }

    private static Rankings scores(Structure structure, List<Role> roles, Random random) {
        return new Rankings(
                structure.units().stream()
                        .filter(units -> roles.contains(units.group().role()))
                        .map(units -> new UnitScores(
                                units, random.doubles(units.count()).toArray()))
                        .toList(),
                List.<BlockScores>of());
    }

    private static Budget budget(double ratio, Rounding rounding, Scope scope, List<Role> roles) {
        return new Budget(
                new Budget.Amount(ratio, false, rounding, 1),
                scope,
                Normalise.PARAMETERS,
                Candidates.anywhere(roles, List.of(), BlockCriterion.COSINE));
    }

    @TestFactory
    Stream<DynamicTest> widthsAreRoundAndTheRatioIsMet() {
        AtomicInteger chosen = new AtomicInteger();
        Stream<DynamicTest> cases = IntStream.range(0, CASES)
                .mapToObj(seed -> DynamicTest.dynamicTest(
                        "seed " + seed, () -> chosen.addAndGet(choose(new Random(seed)) ? 1 : 0)));
        DynamicTest most = DynamicTest.dynamicTest(
                "most can be done", () -> assertTrue(chosen.get() > CASES / 2, chosen + " of " + CASES));
        return Stream.concat(cases, Stream.of(most));
    }

    /** Returns whether there was enough to choose from. */
    private static boolean choose(Random random) {
        boolean uniform = random.nextBoolean();
        ModelConfig config = config(random, uniform);
        List<Role> roles = MODES.get(random.nextInt(MODES.size()));
        double ratio = 0.05 + 0.5 * random.nextDouble();
        Rounding rounding = uniform ? Rounding.usual().withEqualLayers() : Rounding.usual();
        Budget budget = budget(ratio, rounding, random.nextBoolean() ? Scope.LOCAL : Scope.GLOBAL, roles);
        Structure structure = Structure.of(new Transformer(config).shape());
        Rankings scores = scores(structure, roles, random);
        Selection selection;
        try {
            selection = new Planner(config, structure, budget).select(scores, new Selection(structure), 1);
        } catch (Failure notEnough) {
            assertTrue(notEnough.oneLine().startsWith("only "), notEnough.oneLine());
            return false;
        }
        RoundWidths widths = new RoundWidths(config, rounding);
        structure.units().forEach(units -> assertRound(widths, units, selection));
        assertMet(config, selection, scores, rounding, ratio);
        ModelConfig left = PrunedConfig.of(config, selection);
        assertTrue(left.layers().stream().allMatch(layer -> layer.kvHeads() > 0 && layer.intermediate() > 0));
        boolean equal = config.layers().stream().distinct().count() == 1;
        if (uniform) {
            assertEquals(1, left.layers().stream().distinct().count());
            assertTrue(StockClass.refusal(left).isEmpty(), () -> StockClass.refusal(left) + " " + left);
        } else if (equal && roles.equals(List.of(Role.CHANNELS))) {
            assertTrue(StockClass.refusal(left).isEmpty(), () -> StockClass.refusal(left) + " " + left);
        }
        return true;
    }

    /** A group that lost something has a width that is a multiple of the largest power of two that is not coarse. */
    private static void assertRound(RoundWidths widths, Units units, Selection selection) {
        int gone = selection.removed(units).get(0, units.perSet()).cardinality();
        int left = (units.perSet() - gone) * units.width();
        assertTrue(left > 0);
        if (gone > 0) {
            int multiple = widths.multiple(units);
            assertEquals(0, left % multiple, left + " " + units);
            if (units.group().role() == Role.NEURONS) {
                assertEquals(
                        Math.min(32, Integer.highestOneBit(Math.max(1, units.perSet() / 10))),
                        multiple,
                        units.perSet() + " neurons");
            }
        }
    }

    /** To within one step of the coarsest kind of units; of all layers at once where they are to be equal. */
    private static void assertMet(
            ModelConfig config, Selection selection, Rankings scores, Rounding rounding, double ratio) {
        List<RemovalOrder> orders = RemovalOrder.of(
                scores, new RoundWidths(config, rounding)::multiple, new Selection(selection.structure()));
        List<RemovalOrder> turns = rounding.uniform() ? new EqualLayers(config).of(orders) : orders;
        long step = turns.stream()
                .flatMap(order -> order.removable().stream())
                .mapToLong(RemovalOrder.Removal::parameters)
                .max()
                .orElseThrow();
        long before = selection.structure().tape().parameterCount();
        double off = Math.abs(before - selection.parametersAfter() - before * ratio);
        assertTrue(off <= step, off + " parameters off, a step is " + step);
    }

    /** Of one kind of units, all of whose steps are as large, no choice of steps is nearer. */
    @ParameterizedTest
    @CsvSource({"0.1", "0.15", "0.2", "0.31", "0.4", "0.003"})
    void noChoiceOfStepsIsNearer(double ratio) {
        ModelConfig config = config("llama", 256, 32, Collections.nCopies(3, new LayerConfig(8, 4, 640)));
        Structure structure = Structure.of(new Transformer(config).shape());
        Selection selection = new Planner(
                        config, structure, budget(ratio, Rounding.usual(), Scope.LOCAL, List.of(Role.NEURONS)))
                .select(scores(structure, List.of(Role.NEURONS), new Random(1)), new Selection(structure), 1);
        long step = 32 * 3 * 256;
        long before = structure.tape().parameterCount();
        long steps = Math.max(1, Math.round(before * ratio / step));
        assertEquals(steps * step, before - selection.parametersAfter());
    }

    /** Where a head would be far too much, neurons make up what is missing. */
    @Test
    void finerUnitsFillWhatACoarseOneWouldOverrun() {
        ModelConfig config = config("mistral", 256, 64, Collections.nCopies(2, new LayerConfig(4, 2, 640)));
        List<Role> roles = List.of(Role.HEADS, Role.NEURONS);
        Structure structure = Structure.of(new Transformer(config).shape());
        long before = structure.tape().parameterCount();
        for (int percent = 10; percent < 50; percent++) {
            Selection selection = new Planner(
                            config, structure, budget(percent / 100.0, Rounding.usual(), Scope.LOCAL, roles))
                    .select(scores(structure, roles, new Random(percent)), new Selection(structure), 1);
            double off = Math.abs(before - selection.parametersAfter() - before * percent / 100.0);
            assertTrue(2 * off <= 32 * 3 * 256, percent + " %: " + off);
        }
    }

    /** Layer by layer the best neurons stay, though equally many. */
    @Test
    void equalLayersKeepTheirOwn() {
        ModelConfig config = config("llama", 64, 16, Collections.nCopies(3, new LayerConfig(4, 2, 320)));
        Structure structure = Structure.of(new Transformer(config).shape());
        Rounding rounding = Rounding.usual().withEqualLayers();
        Selection selection = new Planner(config, structure, budget(0.3, rounding, Scope.GLOBAL, List.of(Role.NEURONS)))
                .select(scores(structure, List.of(Role.NEURONS), new Random(3)), new Selection(structure), 1);
        List<LayerConfig> left = PrunedConfig.of(config, selection).layers();
        assertEquals(1, left.stream().distinct().count());
        assertEquals(0, left.getFirst().intermediate() % 32);
        assertNotEquals(
                selection.removed(structure.units(0, Role.NEURONS).orElseThrow()),
                selection.removed(structure.units(1, Role.NEURONS).orElseThrow()));
    }

    @Test
    void layersThatDifferAlreadyCannotBeMadeEqual() {
        ModelConfig config = config("llama", 64, 16, List.of(new LayerConfig(4, 2, 320), new LayerConfig(4, 2, 256)));
        Structure structure = Structure.of(new Transformer(config).shape());
        Rounding rounding = Rounding.usual().withEqualLayers();
        Planner planner = new Planner(config, structure, budget(0.3, rounding, Scope.LOCAL, List.of(Role.NEURONS)));
        Rankings scores = scores(structure, List.of(Role.NEURONS), new Random(3));
        assertEquals(
                "the layers of the model differ in width already (--uniform): leave out --uniform, or take a model all of "
                        + "whose layers may lose as much",
                assertThrows(Failure.class, () -> planner.select(scores, new Selection(structure), 1))
                        .oneLine());
    }

    /** Channels of the families: a multiple of the heads for LLaMA, and as round as a tenth of the width allows. */
    @ParameterizedTest
    @CsvSource({
        "llama, 4096, 32, usual, 32",
        "llama, 576, 9, usual, 36",
        "mistral, 576, 9, usual, 32",
        "llama, 64, 8, usual, 8",
        "mistral, 64, 8, usual, 4",
        "llama, 576, 9, 32, 32",
        "llama, 576, 9, 4, 36",
        "llama, 576, 9, 1, 1"
    })
    void channelsFitTheHeads(String type, int hidden, int heads, String round, int multiple) {
        ModelConfig config = config(type, hidden, 64, List.of(new LayerConfig(heads, heads, 32)));
        Rounding rounding = round.equals("usual") ? Rounding.usual() : Rounding.exactly(Integer.parseInt(round));
        Units channels = Structure.of(new Transformer(config).shape())
                .units(-1, Role.CHANNELS)
                .orElseThrow();
        assertEquals(multiple, new RoundWidths(config, rounding).multiple(channels));
    }

    /** A head is a step where it is wide enough, and where it is not, as long as several would be coarse. */
    @ParameterizedTest
    @CsvSource({"32, 128, 1", "32, 80, 2", "3, 64, 1", "4, 8, 1", "40, 8, 4", "40, 20, 4"})
    void headsGoOneByOneWhereTheyCan(int heads, int headDim, int step) {
        ModelConfig config = config("mistral", 64, headDim, List.of(new LayerConfig(heads, heads, 32)));
        Units units = Structure.of(new Transformer(config).shape())
                .units(0, Role.HEADS)
                .orElseThrow();
        assertEquals(step, RoundWidths.step(units, new RoundWidths(config, Rounding.usual()).multiple(units)));
    }
}
