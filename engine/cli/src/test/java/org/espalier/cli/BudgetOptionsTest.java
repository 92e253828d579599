package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.espalier.couple.Group.Role;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores.Kind;
import org.espalier.importance.Candidates;
import org.espalier.job.PruneSettings;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.plan.Rounding;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What the options that say what may go mean for models of different depths. */
class BudgetOptionsTest {

    private static ModelConfig config(int layers) {
        List<LayerConfig> same = Collections.nCopies(layers, new LayerConfig(8, 4, 172));
        return Llama.config(
                new ModelConfig.Sizes(100, 64, 8, same, 64), 1e-5, RotaryConfig.plain(10000), true, Biases.NONE);
    }

    private static PruneSettings settings(String typed) {
        PruneOptions options = new PruneOptions();
        new CommandLine(options)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .parseArgs(typed.isEmpty() ? new String[0] : typed.split(" "));
        return options.settings(new SeedOption());
    }

    private static Budget budget(int layers, boolean compatible, String typed) {
        return settings(compatible ? (typed + " --compat llm-pruner").strip() : typed)
                .budgetFor(config(layers));
    }

    private static int[] layers(IntPredicate allowed, int layers) {
        return IntStream.range(0, layers).filter(allowed).toArray();
    }

    /** The first eighth and the last sixteenth, rounded up: of 32 layers 4 to 29 may go, as in LLM-Pruner's own recipe. */
    @ParameterizedTest
    @CsvSource({"1, 1, 0", "2, 1, 0", "4, 1, 2", "5, 1, 3", "16, 2, 14", "30, 4, 27", "32, 4, 29", "80, 10, 74"})
    void outerLayersStay(int layers, int first, int last) {
        Candidates candidates = budget(layers, false, "").candidates();
        int[] expected = IntStream.rangeClosed(first, last).toArray();
        assertArrayEquals(expected, layers(candidates.attentionLayers(), layers));
        assertArrayEquals(expected, layers(candidates.mlpLayers(), layers));
    }

    @Test
    void layersAreNamedForAttentionAndMlpApart() {
        Candidates kept = budget(30, false, "--keep-first 2 --keep-last 0").candidates();
        assertArrayEquals(IntStream.rangeClosed(2, 29).toArray(), layers(kept.mlpLayers(), 30));
        Candidates named =
                budget(30, false, "--attention-layers none --mlp-layers 3-5").candidates();
        assertArrayEquals(new int[0], layers(named.attentionLayers(), 30));
        assertArrayEquals(new int[] {3, 4, 5}, layers(named.mlpLayers(), 30));
        Candidates one = budget(30, false, "--attention-layers 7").candidates();
        assertArrayEquals(new int[] {7}, layers(one.attentionLayers(), 30));
        assertArrayEquals(IntStream.rangeClosed(4, 27).toArray(), layers(one.mlpLayers(), 30));
    }

    @ParameterizedTest
    @CsvSource({"units, UNITS", "cosine, COSINE", "loss, LOSS", "position, POSITION"})
    void wholeLayersAreChosenInFourWays(String name, BlockCriterion criterion) {
        Budget budget = budget(5, false, "--mode layer --block-score " + name);
        assertEquals(criterion, budget.candidates().blockCriterion());
        assertEquals(List.of(Kind.LAYERS), budget.candidates().blocks());
        assertEquals(List.of(), budget.candidates().roles());
        assertEquals(
                BlockCriterion.COSINE,
                budget(5, false, "--mode layer").candidates().blockCriterion());
    }

    @Test
    void aModeIsItsUnits() {
        assertEquals(
                List.of(Role.CHANNELS),
                budget(5, false, "--mode channel").candidates().roles());
        assertEquals(
                List.of(Role.HEADS, Role.NEURONS),
                budget(5, true, "--mode block").candidates().roles());
        Candidates mixed = budget(5, false, "--units query_heads,mlp").candidates();
        assertEquals(List.of(Role.QUERY_HEADS), mixed.roles());
        assertEquals(List.of(Kind.MLP), mixed.blocks());
    }

    /** 5 layers, of which 1 to 3 may lose units; heads carry little beside neurons here. */
    @ParameterizedTest
    @CsvSource({
        "0.1, NEURONS",
        "0.2, NEURONS",
        "0.3, 'QUERY_HEADS, NEURONS'",
        "0.4, 'QUERY_HEADS, NEURONS'",
        "0.52, 'HEADS, NEURONS'",
        "0.9, 'HEADS, NEURONS'"
    })
    void attentionIsSparedWhileItCanBe(double ratio, String roles) {
        assertEquals(roles, joined(budget(5, false, "--ratio " + ratio)));
    }

    /** Where every query head has a key/value head of its own there is nothing finer. */
    @Test
    void headsThatAreNotSharedGoWhole() {
        ModelConfig shared = config(5);
        List<LayerConfig> own = Collections.nCopies(5, new LayerConfig(8, 8, 172));
        ModelConfig unshared = shared.resized(shared.hidden(), own);
        assertEquals("HEADS, NEURONS", joined(settings("--ratio 0.4").budgetFor(unshared)));
        assertEquals("QUERY_HEADS, NEURONS", joined(settings("--ratio 0.4").budgetFor(shared)));
    }

    private static String joined(Budget budget) {
        return budget.candidates().roles().stream().map(Role::name).collect(Collectors.joining(", "));
    }

    @Test
    void equalLayersLeaveNoneWhole() {
        Budget uniform = budget(5, false, "--uniform");
        assertEquals(Rounding.usual().withEqualLayers(), uniform.amount().rounding());
        assertArrayEquals(new int[] {0, 1, 2, 3, 4}, layers(uniform.candidates().mlpLayers(), 5));
        assertEquals(
                Rounding.exactly(1).withEqualLayers(),
                budget(5, true, "--uniform").amount().rounding());
        assertEquals(Rounding.exactly(1), budget(5, true, "").amount().rounding());
        assertEquals(Rounding.exactly(8), budget(5, true, "--round 8").amount().rounding());
        assertTrue(
                settings("--uniform --keep-first 1 --criterion l2").complaint().isPresent());
        assertTrue(settings("--uniform --units mlp --criterion l2").complaint().isPresent());
        assertTrue(settings("--uniform --mode layer --keep-first 1 --criterion l2 --block-score position")
                .complaint()
                .isEmpty());
    }

    @Test
    void parametersCountUnlessUnitsAreAskedForOrLlmPruner() {
        assertFalse(budget(5, false, "").amount().ofUnits());
        assertTrue(budget(5, false, "--ratio-of units").amount().ofUnits());
        assertTrue(budget(5, true, "").amount().ofUnits());
        assertFalse(budget(5, true, "--ratio-of parameters").amount().ofUnits());
        Budget plain = budget(5, false, "");
        assertEquals(new Budget.Amount(0.2, false, Rounding.usual(), 1), plain.amount());
        assertEquals(Scope.LOCAL, plain.scope());
        assertEquals(Normalise.PARAMETERS, plain.normalise());
        assertTrue(plain.candidates().dependency());
        assertEquals(Normalise.NONE, budget(5, true, "--scope global").normalise());
        Budget other = budget(5, false, "--ratio 0.3 --scope global --normalise none --round 32 --dependency off");
        assertEquals(new Budget.Amount(0.3, false, 32, 1), other.amount());
        assertEquals(Scope.GLOBAL, other.scope());
        assertEquals(Normalise.NONE, other.normalise());
        assertFalse(other.candidates().dependency());
    }
}
