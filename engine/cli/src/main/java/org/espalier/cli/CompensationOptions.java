package org.espalier.cli;

import org.espalier.cut.Compensation;
import org.espalier.job.CompensationSettings;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** How what is left makes up for what is gone. */
@Section(Topic.COMPENSATION)
final class CompensationOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

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
            description = "How firmly lstsq holds weights to their old values, as a share of what their inputs sum "
                    + "up to: less fits the calibration text closer, more serves other text; auto chooses it branch by branch, by "
                    + "how fits to all other --calibration files do on each (default: "
                    + "${bundle:default.ridge}).")
    private void ridge(String share) {
        settings = share.equals("auto") ? settings.ridgeOfEach() : settings.ridge(aboveZero(share));
    }

    private double aboveZero(String share) {
        try {
            return new Converters.AboveZero().convert(share);
        } catch (TypeConversionException e) {
            throw new ParameterException(command.commandLine(), "--ridge: " + e.getMessage());
        }
    }

    CompensationSettings settings() {
        return settings;
    }
}
