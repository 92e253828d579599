package org.espalier.cli;

import java.util.Optional;
import org.espalier.backend.OwnMemory;
import org.espalier.couple.Selection;
import org.espalier.cut.Compensated;
import org.espalier.cut.Compensation;
import org.espalier.cut.Compensator;
import org.espalier.error.Failure;
import org.espalier.importance.Calibration;
import picocli.CommandLine.Option;

/** How what is left makes up for what is gone. */
@Section(Topic.COMPENSATION)
final class CompensationOptions {

    @Option(
            names = "--compensate",
            paramLabel = "HOW",
            description =
                    "${COMPLETION-CANDIDATES}: bias adds the mean output of what is gone, lstsq fits the projections "
                            + "that read it, on calibration text (default: lstsq where there is calibration text; none with "
                            + "--mode channel, --dependency off and --compat llm-pruner).")
    private Compensation kind;

    @Option(
            names = "--ridge",
            paramLabel = "R",
            defaultValue = "1",
            converter = Converters.AboveZero.class,
            description =
                    "How firmly lstsq holds weights to their old values, as a share of what their inputs sum up to: "
                            + "less fits the calibration text closer, more serves other text (default: ${DEFAULT-VALUE}).")
    private double ridge;

    /**
     * Why these options do not go together with others, if they do not.
     *
     * @param calibrated whether calibration text is given
     */
    Optional<String> complaint(boolean calibrated) {
        return !wanted() || calibrated
                ? Optional.empty()
                : Optional.of("--compensate " + kind + " needs --calibration FILE (any text) or --ids-file FILE");
    }

    /** Whether something was asked for. */
    boolean wanted() {
        return kind != null && kind != Compensation.NONE;
    }

    /**
     * Computes the parameters that make up for what is gone; the caller closes them.
     *
     * @param usual what is done if nothing was asked for
     * @throws Failure if there is not enough memory
     */
    Compensated compute(
            EngineCommand command,
            OpenModel open,
            Selection selection,
            Optional<Calibration> calibration,
            Compensation usual) {
        Compensation how = kind == null ? usual : kind;
        if (how == Compensation.NONE) {
            return Compensated.nothing(open.model().config(), selection);
        }
        Compensator compensator = new Compensator(
                open.model(), selection, calibration.orElseThrow().sequences(), ridge);
        Compensator.Bytes bytes = compensator.bytes(how);
        requireMemory(bytes, open.model().ownMemory(bytes.computing()), how);
        int layers = open.model().config().layers().size();
        try (Progress progress = command.progress("compensating", "layers", layers)) {
            return compensator.run(how, () -> progress.advance(1));
        }
    }

    private static void requireMemory(Compensator.Bytes bytes, Optional<OwnMemory> own, Compensation how) {
        own.ifPresent(memory -> require("memory of the GPU beside weights", bytes.computing(), memory.free(), how));
        long available = Machine.memoryAvailable();
        if (available > 0) {
            require("memory", bytes.results() + (own.isPresent() ? 0 : bytes.computing()), available, how);
        }
    }

    private static void require(String memory, long bytes, long available, Compensation how) {
        if (bytes > available) {
            throw new Failure(
                    "not enough %s: %s are needed, %s can be had"
                            .formatted(memory, Machine.size(bytes), Machine.size(available)),
                    "--compensate " + how,
                    "use fewer --samples or a shorter --seq-len");
        }
    }
}
