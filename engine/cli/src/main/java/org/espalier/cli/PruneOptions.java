package org.espalier.cli;

import org.espalier.job.PruneSettings;
import org.espalier.job.Selecting;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a model is made smaller. */
final class PruneOptions {

    private PruneSettings settings = PruneSettings.defaults();

    @Mixin
    private ImportanceOptions importance;

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
            order = 2,
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Remove in N steps, scoring what is left again before each (default: "
                    + "${bundle:default.steps}).")
    private void steps(int steps) {
        settings = settings.steps(steps);
    }

    @Section(Topic.SCORING)
    @Option(
            names = "--select",
            order = 4,
            paramLabel = "BY",
            description = "What decides which units go: ${COMPLETION-CANDIDATES}. Gates begin from scores and are "
                    + "learned on the frozen model, so that it predicts what the dense one does; all groups compete "
                    + "unless --scope says otherwise (default: ${bundle:default.select}).")
    private void select(Selecting selecting) {
        settings = settings.selecting(selecting);
    }

    @Section(Topic.SCORING)
    @Option(
            names = "--gate-tokens",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "Tokens of calibration text that gates are learned on, each seen as often as it takes "
                    + "(default: ${bundle:default.gate-tokens}).")
    private void gateTokens(long tokens) {
        settings = settings.gates(settings.gates().tokens(tokens));
    }

    @Section(Topic.SCORING)
    @Option(
            names = "--gate-rate",
            paramLabel = "R",
            converter = Converters.AboveZero.class,
            description = "The highest rate at which gates are learned (default: ${bundle:default.gate-rate}).")
    private void gateRate(double rate) {
        settings = settings.gates(settings.gates().rate(rate));
    }

    /** With this seed. */
    PruneSettings settings(SeedOption seed) {
        PruneSettings whole = settings.importance(importance.settings(seed))
                .budget(budget.settings())
                .compensation(compensation.settings())
                .memory(memory.settings());
        return dtype.type().map(whole::dtype).orElse(whole);
    }
}
