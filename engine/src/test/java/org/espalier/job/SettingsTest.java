package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.espalier.cut.Compensation;
import org.espalier.error.Failure;
import org.espalier.eval.Protocol;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.Criterion;
import org.espalier.job.BudgetSettings.Mode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

class SettingsTest {

    private static final PruneSettings BY_MAGNITUDE =
            PruneSettings.defaults().importance(ImportanceSettings.defaults().criterion(Criterion.L2));

    @Test
    void settingOneThingGivesACopy() {
        BudgetSettings before = BudgetSettings.defaults();
        BudgetSettings after = before.ratio(0.5).mode(Mode.CHANNEL);
        assertEquals(0.2, before.ratio());
        assertEquals(Mode.BLOCK, before.mode());
        assertEquals(0.5, after.ratio());
        assertEquals(Mode.CHANNEL, after.mode());
        assertEquals(0.2, BudgetSettings.defaults().ratio());
    }

    @Test
    void listsAreTheirOwn() {
        List<Unit> units = new ArrayList<>(List.of(Unit.MLP));
        ScoreSettings settings = ScoreSettings.defaults().units(units);
        units.add(Unit.LAYERS);
        assertEquals(List.of(Unit.MLP), settings.units());
    }

    /** Numbers that make no sense in any job. */
    @TestFactory
    Stream<DynamicTest> nonsenseIsRefusedWhereItIsSet() {
        return Stream.<Executable>of(
                        () -> BudgetSettings.defaults().ratio(-0.1),
                        () -> BudgetSettings.defaults().ratio(0.96),
                        () -> BudgetSettings.defaults().ratio(Double.NaN),
                        () -> BudgetSettings.defaults().round(0),
                        () -> BudgetSettings.defaults().keepFirst(-1),
                        () -> CalibrationSettings.defaults().samples(0),
                        () -> CompareSettings.defaults().repetitions(-1),
                        () -> CompensationSettings.defaults().ridge(0),
                        () -> ComputeSettings.defaults().threads(0),
                        () -> GenerateSettings.defaults().temperature(Double.POSITIVE_INFINITY),
                        () -> GenerateSettings.defaults().topP(0),
                        () -> GenerateSettings.defaults().topP(1.1),
                        () -> MemorySettings.defaults().bytes(-1),
                        () -> PerplexitySettings.defaults().stride(0),
                        () -> PruneSettings.defaults().steps(0),
                        () -> SpeedSettings.defaults().repetitions(0),
                        () -> TuneSettings.defaults().cutoff(1),
                        () -> TuneSettings.defaults().learningRate(0))
                .map(nonsense -> DynamicTest.dynamicTest(
                        nonsense.toString(), () -> assertThrows(IllegalArgumentException.class, nonsense)));
    }

    @Test
    void settingsThatDoNotGoTogetherSayWhy() {
        PruneSettings compatible = PruneSettings.defaults()
                .importance(ImportanceSettings.defaults().compatible(true));
        assertComplaint("criterion param_first needs --calibration", compatible);
        assertComplaint(
                "--block-score loss needs --calibration",
                compatible
                        .importance(compatible.importance().blockCriterion(BlockCriterion.LOSS))
                        .budget(BudgetSettings.defaults().mode(Mode.LAYER)));
        assertEquals(Optional.empty(), PruneSettings.defaults().complaint());
        assertEquals(
                Optional.empty(),
                PruneSettings.defaults().calibrateOn(Path.of("any.txt")).complaint());
        assertEquals(Optional.empty(), BY_MAGNITUDE.complaint());
        assertComplaint(
                "--compensate bias needs --calibration",
                BY_MAGNITUDE
                        .importance(BY_MAGNITUDE.importance().compatible(true))
                        .compensation(CompensationSettings.defaults().kind(Compensation.BIAS)));
        assertComplaint(
                "give --mode or --units",
                BY_MAGNITUDE.budget(BudgetSettings.defaults().mode(Mode.LAYER).units(List.of(Unit.NEURONS))));
        assertComplaint(
                "--dependency off is one step",
                BY_MAGNITUDE.budget(BudgetSettings.defaults().dependency(false)).steps(2));
        assertComplaint(
                "--dependency off needs scores of every matrix",
                PlanSettings.defaults().budget(BudgetSettings.defaults().dependency(false)));
        assertComplaint(
                "leaves nothing to measure", SpeedSettings.defaults().prompt(0).generate(0));
        assertComplaint("there is no prompt", CompareSettings.defaults().prompts(List.of()));
        assertComplaint(
                "--stride does not go with",
                PerplexitySettings.defaults().protocol(Protocol.LLAMA_CPP).stride(8));
        assertComplaint(
                "--hidden must be", PretrainSettings.defaults().hidden(100).heads(8));
        assertComplaint(
                "criterion param_first needs --calibration",
                PipelineSettings.defaults().prune(compatible).tune(TuneSettings.on(Path.of("any.txt"))));
    }

    /** Before a job looks at any file. */
    @Test
    void jobsRefuseSettingsThatDoNotGoTogether() {
        PruneJob job = new PruneJob(
                Engine.silent(),
                PruneSettings.defaults()
                        .importance(ImportanceSettings.defaults().compatible(true)));
        Failure failure = assertThrows(
                Failure.class, () -> job.run(Path.of("no such model"), Destination.at(Path.of("nowhere"))));
        assertTrue(failure.oneLine().startsWith("criterion param_first needs --calibration"), failure.oneLine());
    }

    @Test
    void recipeGivesWhatIsNotSet() {
        TuneSettings settings = TuneSettings.on(Path.of("any.json")).recipe(Recipe.LLM_PRUNER);
        assertEquals(2, settings.training().epochs());
        assertEquals(1e-4, settings.training().rate().peak());
        assertEquals(2000, settings.heldOut().orElseThrow());
        TuneSettings own = settings.epochs(3).heldOut(5);
        assertEquals(3, own.training().epochs());
        assertEquals(1e-4, own.training().rate().peak());
        assertEquals(5, own.heldOut().orElseThrow());
    }

    @Test
    void aTeacherHasNumbersOfItsOwn() {
        TuneSettings settings = TuneSettings.on(Path.of("any.json"));
        assertEquals(3e-4, settings.training().rate().peak());
        assertFalse(settings.norms());
        TuneSettings taught = settings.taughtWherePossible(Path.of("dense"));
        assertEquals(Optional.of(Path.of("dense")), taught.teacher());
        assertEquals(1.5e-3, taught.training().rate().peak());
        assertEquals(16, taught.training().batch());
        assertTrue(taught.norms());
        assertFalse(taught.norms(false).norms());
        assertEquals(50_000, taught.recipe(Recipe.FAST).limits().tokens().orElseThrow());
        assertEquals(
                Optional.of(Path.of("other")),
                settings.teacher(Path.of("other"))
                        .taughtWherePossible(Path.of("dense"))
                        .teacher());
        for (TuneSettings without : List.of(settings.untaught(), settings.recipe(Recipe.LLM_PRUNER))) {
            assertEquals(
                    Optional.empty(),
                    without.taughtWherePossible(Path.of("dense")).teacher());
        }
    }

    private static void assertComplaint(String expected, Settings<?> settings) {
        String complaint = settings.complaint().orElseThrow();
        assertTrue(complaint.contains(expected), complaint);
    }
}
