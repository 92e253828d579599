package org.espalier.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.espalier.cut.Compactor;
import org.espalier.cut.Compensated;
import org.espalier.cut.Compensation;
import org.espalier.format.ModelContent;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.Calibration;
import org.espalier.job.Pruning;
import org.espalier.plan.Budget;
import org.espalier.plan.PlanFile;
import org.espalier.tensor.DType;
import org.espalier.text.TokenizerFiles;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a model is made smaller, and the work itself. */
final class PruneOptions {

    /**
     * What came of it.
     *
     * @param result     plan and scores
     * @param parameters of the pruned model, with what makes up for what is gone
     */
    record Pruned(Pruning.Result result, long parameters) {}

    @Mixin
    private ScoreOptions score;

    @Mixin
    private BudgetOptions budget;

    @Mixin
    private CompensationOptions compensation;

    @Mixin
    private MemoryOptions memory;

    @Mixin
    private DtypeOption dtype;

    @Section(Topic.AMOUNT)
    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "1",
            converter = Converters.Positive.class,
            description = "Remove in N steps, scoring what is left again before each (default: ${DEFAULT-VALUE}).")
    private int steps;

    /** Why these options do not go together, if they do not. */
    Optional<String> complaint() {
        return score.complaint(budget.anywhere())
                .or(() -> compensation.complaint(score.calibrated()))
                .or(budget::complaint)
                .or(() -> compensation.wanted() && !budget.compensable()
                        ? Optional.of(
                                "--compensate is for heads and neurons: not with channels, not with --dependency off")
                        : Optional.empty())
                .or(() -> steps > 1 && !budget.dependency()
                        ? Optional.of("--dependency off is one step; leave out --steps")
                        : Optional.empty());
    }

    /** The type that weights are to be stored in; empty for that of the source as far as it can be cut. */
    Optional<DType> type() {
        return dtype.type();
    }

    /** The calibration sequences; empty if none are given. */
    Optional<Calibration> calibration(Path model, long seed) {
        return score.calibration(model, seed);
    }

    /**
     * Scores, plans and cuts.
     *
     * @param model  path of what is open
     * @param folder that exists and gets the pruned model, its plan and its scores
     */
    Pruned writeInto(
            Path folder,
            EngineCommand command,
            Path model,
            OpenModel open,
            Optional<Calibration> calibration,
            long seed)
            throws IOException {
        Pruning.Result result = plan(folder.resolve(".steps"), command, open, calibration, seed);
        try (Compensated compensated = compensation.compute(command, open, result.selection(), calibration, usual())) {
            ModelContent content = new Compactor(open.checkpoint(), open.model().config(), result.selection(), type())
                    .content(compensated)
                    .withFiles(TokenizerFiles.of(model, open.checkpoint()))
                    .withFile("plan.json", PlanFile.bytes(result.plan()))
                    .withFile("scores.json", PlanFile.bytes(result.scores()));
            new SafetensorsFolder().writeInto(folder, content);
            return new Pruned(result, compensated.parameters());
        }
    }

    private Compensation usual() {
        return score.calibrated() && !score.compatible() && budget.compensable()
                ? Compensation.LSTSQ
                : Compensation.NONE;
    }

    private Pruning.Result plan(
            Path scratch, EngineCommand command, OpenModel open, Optional<Calibration> calibration, long seed) {
        try (ScoreWatch watch = new ScoreWatch(command, memory)) {
            Budget what = budget.budget(
                    open.model().config(), score.compatible(), score.criterion().standardised(), steps);
            return new Pruning(open.checkpoint(), open.model(), watch.walking(open), scratch)
                    .plan(score.method(seed), what, calibration);
        }
    }
}
