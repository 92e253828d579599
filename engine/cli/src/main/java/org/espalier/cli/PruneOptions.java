package org.espalier.cli;

import org.espalier.job.PruneSettings;
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

    /** With this seed. */
    PruneSettings settings(SeedOption seed) {
        PruneSettings whole = settings.importance(importance.settings(seed))
                .budget(budget.settings())
                .compensation(compensation.settings())
                .memory(memory.settings());
        return dtype.type().map(whole::dtype).orElse(whole);
    }
}
