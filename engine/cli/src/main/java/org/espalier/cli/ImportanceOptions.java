package org.espalier.cli;

import org.espalier.importance.Aggregate;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.Criterion;
import org.espalier.job.ImportanceSettings;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How units are scored, and on what. */
@Section(Topic.SCORING)
final class ImportanceOptions {

    private ImportanceSettings settings = ImportanceSettings.defaults();

    @Mixin
    private CalibrationOptions calibration;

    @Option(
            names = "--criterion",
            order = 1,
            paramLabel = "C",
            description = "${COMPLETION-CANDIDATES} (default: ${bundle:default.criterion}; "
                    + "${bundle:default.criterion.llm-pruner} with --compat llm-pruner).")
    private void criterion(Criterion criterion) {
        settings = settings.criterion(criterion);
    }

    @Option(
            names = "--aggregate",
            order = 2,
            paramLabel = "A",
            description = "How members of a group become one: ${COMPLETION-CANDIDATES} (default: sum for Taylor "
                    + "criteria, mean for magnitudes).")
    private void aggregate(Aggregate aggregate) {
        settings = settings.aggregate(aggregate);
    }

    @Option(
            names = "--block-score",
            order = 3,
            paramLabel = "C",
            description = "How attention, mlp and layers are scored: ${COMPLETION-CANDIDATES}: the sum of their "
                    + "units' scores, how much they turn the residual stream, how much the loss rises without "
                    + "them, the last first (default: ${bundle:default.block-score}).")
    private void blockCriterion(BlockCriterion criterion) {
        settings = settings.blockCriterion(criterion);
    }

    @Option(
            names = "--compat",
            paramLabel = "WHOSE",
            converter = Compat.Converter.class,
            description =
                    "llm-pruner: count units and align grouped queries as LLM-Pruner does, its mistakes included.")
    private void compat(Compat program) {
        settings = settings.compatible(program == Compat.LLM_PRUNER);
    }

    /** With the calibration, and this seed. */
    ImportanceSettings settings(SeedOption seed) {
        return settings.calibration(calibration.settings()).seed(seed.value());
    }
}
