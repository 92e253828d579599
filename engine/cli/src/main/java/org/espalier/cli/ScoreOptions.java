package org.espalier.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.espalier.importance.Aggregate;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores.Alignment;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How units are scored, and on what. */
@Section(Topic.SCORING)
final class ScoreOptions {

    @Option(
            names = "--criterion",
            paramLabel = "C",
            description = "${COMPLETION-CANDIDATES} (default: param_second; param_first with --compat llm-pruner).")
    private Criterion criterion;

    @Option(
            names = "--aggregate",
            paramLabel = "A",
            description =
                    "How members of a group become one: ${COMPLETION-CANDIDATES} (default: sum for Taylor criteria, "
                            + "mean for magnitudes).")
    private Aggregate aggregate;

    @Option(
            names = "--compat",
            paramLabel = "WHOSE",
            converter = Compat.Converter.class,
            description =
                    "llm-pruner: count units and align grouped queries as LLM-Pruner does, its mistakes included.")
    private Compat compat;

    @Mixin
    private CalibrationOptions calibration;

    Method method(long seed) {
        Criterion by = criterion();
        return new Method(
                by,
                aggregate == null ? by.defaultAggregate() : aggregate,
                compatible() ? Alignment.LLM_PRUNER : Alignment.BY_UNIT,
                seed);
    }

    Criterion criterion() {
        return criterion != null ? criterion : compatible() ? Criterion.PARAM_FIRST : Criterion.PARAM_SECOND;
    }

    boolean compatible() {
        return compat != null;
    }

    /** Whether there is something to calibrate on. */
    boolean calibrated() {
        return calibration.given();
    }

    /**
     * Why these options do not go together, if they do not.
     *
     * @param candidates what is scored
     */
    Optional<String> complaint(Candidates candidates) {
        if (!calibration.given() && candidates.needsCalibration(criterion())) {
            boolean units = candidates.scoresUnits() && criterion().needsCalibration();
            return Optional.of((units ? "criterion " + criterion() : "--block-score " + candidates.blockCriterion())
                    + " needs --calibration FILE (any text) or --ids-file FILE");
        }
        return calibration.complaint();
    }

    /** The calibration sequences; empty if none are given. */
    Optional<Calibration> calibration(Path model, long seed) {
        return calibration.given() ? Optional.of(calibration.read(model, seed, compatible())) : Optional.empty();
    }
}
