package org.espalier.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.espalier.RandomModel;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.error.Failure;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores;
import org.espalier.importance.Candidates;
import org.espalier.importance.Rankings;
import org.espalier.importance.ScoresFile;
import org.espalier.importance.UnitScores;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.MultiplyAdds;
import org.espalier.model.PrunedConfig;
import org.espalier.model.Transformer;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Goal.Quantity;
import org.espalier.tape.Branch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Widths that are chosen by a table of what each does. */
class PlannedWidthsTest {

    private static final ModelConfig CONFIG = RandomModel.config(32, 8, 4, new LayerConfig(8, 2, 96), true);
    private static final Structure STRUCTURE = Structure.of(new Transformer(CONFIG).shape());
    private static final List<Role> ROLES = List.of(Role.QUERY_HEADS, Role.NEURONS);

    /** The MLP of layer 2 is worth next to nothing, that of layer 1 everything. */
    private static double worth(int layer) {
        return layer == 2 ? 1e-4 : layer == 1 ? 50 : 1;
    }

    private static WidthTable table() {
        List<WidthTable.Group> groups = STRUCTURE.units().stream()
                .filter(units -> ROLES.contains(units.group().role()))
                .map(units -> new WidthTable.Group(
                        units.group().name(),
                        ScoresFile.name(units.group().role()),
                        units.layer(),
                        units.perSet(),
                        List.of(
                                new WidthTable.Width(units.perSet() * 3 / 4, 0.1 * worth(units.layer())),
                                new WidthTable.Width(units.perSet() / 2, 0.3 * worth(units.layer())))))
                .toList();
        List<WidthTable.Gone> gone = STRUCTURE.branches().stream()
                .map(branch ->
                        new WidthTable.Gone(branch.kind().toString(), branch.layer(), 0.9 * worth(branch.layer())))
                .toList();
        return new WidthTable(
                1,
                new ScoresFile.Source("model", "0f", STRUCTURE.tape().parameterCount()),
                "1f",
                new ScoresFile.Calibration("2f", 1, 8, null),
                42,
                null,
                7,
                groups,
                gone);
    }

    private static Rankings rankings(Candidates candidates) {
        Random random = new Random(5);
        return new Rankings(
                STRUCTURE.units().stream()
                        .filter(candidates::allows)
                        .map(units -> new UnitScores(
                                units, random.doubles(units.count()).toArray()))
                        .toList(),
                candidates.blocks().stream()
                        .map(kind -> new BlockScores(kind, STRUCTURE, List.of(0, 1, 2, 3), new double[4]))
                        .toList());
    }

    private static Budget budget(double ratio, Rounding rounding, List<BlockScores.Kind> blocks) {
        return new Budget(
                new Budget.Amount(ratio, false, rounding, 1),
                Scope.DIVERGENCE,
                Normalise.PARAMETERS,
                Candidates.anywhere(ROLES, blocks, BlockCriterion.POSITION));
    }

    private static Selection chosen(Budget budget) {
        return new Planner(CONFIG, STRUCTURE, budget)
                .with(table())
                .select(rankings(budget.candidates()), new Selection(STRUCTURE), 1);
    }

    private static int neurons(Selection selection, int layer) {
        return PrunedConfig.of(CONFIG, selection).layers().get(layer).intermediate();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.05, 0.2, 0.31, 0.5})
    void theRatioIsMetByTheLayersThatDoLeast(double ratio) {
        Selection selection = chosen(budget(ratio, Rounding.exactly(1), List.of()));
        long before = STRUCTURE.tape().parameterCount();
        double removed = before - selection.parametersAfter();
        assertTrue(removed >= ratio * before);
        assertTrue(removed < ratio * before + 4 * 8 * 32 * 2 + 1, "to within a unit: " + removed);
        assertTrue(neurons(selection, 2) < neurons(selection, 1), selection::toString);
    }

    /** Each counted anew from the shapes that are left. */
    @ParameterizedTest
    @EnumSource(
            value = Quantity.class,
            names = {"PARAMETERS", "MACS"})
    void aTargetIsReached(Quantity quantity) {
        for (Scope scope : Scope.values()) {
            for (double factor : new double[] {0.9, 0.7, 0.55}) {
                Goal counted = goal(quantity, factor);
                Budget usual = budget(0, Rounding.usual(), List.of());
                Budget budget = new Budget(
                        usual.amount(),
                        scope,
                        Normalise.PARAMETERS,
                        usual.candidates(),
                        Map.of(),
                        Optional.of(counted));
                double left = counted.count().applyAsDouble(chosen(budget));
                assertTrue(left <= counted.most(), scope + ": " + left + " of " + counted.most());
                assertTrue(left > 0.8 * counted.most(), scope + ": not far more than that goes: " + left);
            }
        }
    }

    private static Goal goal(Quantity quantity, double factor) {
        double before = quantity == Quantity.MACS
                ? MultiplyAdds.of(CONFIG, 64).count()
                : STRUCTURE.tape().parameterCount();
        return new Goal(
                quantity,
                before,
                factor * before,
                selection -> quantity == Quantity.MACS
                        ? MultiplyAdds.of(PrunedConfig.of(CONFIG, selection), 64)
                                .count()
                        : selection.parametersAfter(),
                quantity + "=" + factor + "x",
                null);
    }

    @Test
    void allLayersAreEqualIfTheyAreToBe() {
        Selection selection = chosen(budget(0.3, Rounding.usual().withEqualLayers(), List.of()));
        assertEquals(
                1,
                PrunedConfig.of(CONFIG, selection).layers().stream().distinct().count());
        assertFalse(selection.isEmpty());
    }

    @Test
    void aBranchThatDoesNothingGoesWhole() {
        Selection selection =
                chosen(budget(0.3, Rounding.usual(), List.of(BlockScores.Kind.ATTENTION, BlockScores.Kind.MLP)));
        Branch mlp = STRUCTURE.branch(2, Branch.Kind.MLP).orElseThrow();
        assertTrue(selection.removed(mlp));
        assertFalse(selection.removed(STRUCTURE.branch(1, Branch.Kind.MLP).orElseThrow()));
    }

    @Test
    void groupsOfWhichPeopleSaySoLoseTheirShares() {
        Budget usual = budget(0.3, Rounding.exactly(1), List.of());
        String name = STRUCTURE.units(1, Role.NEURONS).orElseThrow().group().name();
        Selection selection = chosen(usual.with(usual.candidates(), Map.of(name, 0.5)));
        assertEquals(48, neurons(selection, 1));
        long before = STRUCTURE.tape().parameterCount();
        assertTrue(before - selection.parametersAfter() >= 0.3 * before);
    }

    @Test
    void whatTheTableForetellsIsTheSumOfWhatWasMeasured() {
        Budget budget = budget(0.3, Rounding.usual(), List.of());
        Selection selection = new Selection(STRUCTURE);
        for (int layer : List.of(0, 3)) {
            var units = STRUCTURE.units(layer, Role.NEURONS).orElseThrow();
            for (int unit = 0; unit < 48; unit++) {
                selection.remove(units, unit);
            }
        }
        Rankings rankings = rankings(budget.candidates());
        assertEquals(0.6, new WidthPrices(STRUCTURE, table(), rankings).of(selection), 1e-12);
    }

    @Test
    void whatCannotBeIsRefused() {
        assertRefused("only ", budget(0.94, Rounding.usual(), List.of()));
        assertRefused(
                "channels and whole layers have no width",
                budget(0.2, Rounding.usual(), List.of(BlockScores.Kind.LAYERS)));
        Budget twice = new Budget(
                new Budget.Amount(0.2, false, Rounding.usual(), 1),
                Scope.DIVERGENCE,
                Normalise.NONE,
                Candidates.anywhere(
                        List.of(Role.HEADS, Role.QUERY_HEADS), Collections.emptyList(), BlockCriterion.POSITION));
        assertRefused("a branch has one width", twice);
        Budget other = new Budget(
                new Budget.Amount(0.2, false, Rounding.usual(), 1),
                Scope.DIVERGENCE,
                Normalise.NONE,
                Candidates.anywhere(List.of(Role.HEADS), List.of(), BlockCriterion.POSITION));
        assertRefused("the table of widths has nothing of heads of layer 0", other);
    }

    private static void assertRefused(String beginning, Budget budget) {
        String line = assertThrows(Failure.class, () -> chosen(budget)).oneLine();
        assertTrue(line.startsWith(beginning), line);
    }
}
