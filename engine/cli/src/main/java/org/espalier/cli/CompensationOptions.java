package org.espalier.cli;

import org.espalier.cut.Compensation;
import org.espalier.job.CompensationSettings;
import picocli.CommandLine.Option;

/** How what is left makes up for what is gone. */
@Section(Topic.COMPENSATION)
final class CompensationOptions {

    private CompensationSettings settings = CompensationSettings.defaults();

    @Option(
            names = "--compensate",
            order = 1,
            paramLabel = "HOW",
            description = "${COMPLETION-CANDIDATES}: bias adds the mean output of what is gone, lstsq fits the "
                    + "projections that read it, on calibration text (default: lstsq where there is "
                    + "calibration text; none with --mode channel, --dependency off and --compat llm-pruner).")
    private void kind(Compensation kind) {
        settings = settings.kind(kind);
    }

    @Option(
            names = "--ridge",
            paramLabel = "R",
            converter = Converters.AboveZero.class,
            description = "How firmly lstsq holds weights to their old values, as a share of what their inputs sum "
                    + "up to: less fits the calibration text closer, more serves other text (default: "
                    + "${bundle:default.ridge}).")
    private void ridge(double share) {
        settings = settings.ridge(share);
    }

    CompensationSettings settings() {
        return settings;
    }
}
