package org.espalier.job;

import java.util.Optional;
import org.espalier.cut.Compensation;
import org.espalier.tensor.DType;

/** How a plan is applied. */
public final class CompactSettings extends Settings<CompactSettings> {

    private CalibrationSettings calibration = CalibrationSettings.defaults();
    private CompensationSettings compensation = CompensationSettings.defaults();
    private Optional<DType> dtype = Optional.empty();
    private long seed = SEED;

    private CompactSettings() {}

    /** What the plan does not keep is cut out; nothing makes up for it until there is something to calibrate on. */
    public static CompactSettings defaults() {
        return new CompactSettings();
    }

    /** What projections are fitted on. */
    public CompactSettings calibration(CalibrationSettings calibration) {
        return with(copy -> copy.calibration = calibration);
    }

    /** What projections are fitted on. */
    public CalibrationSettings calibration() {
        return calibration;
    }

    /** How what is left makes up for what is gone. */
    public CompactSettings compensation(CompensationSettings compensation) {
        return with(copy -> copy.compensation = compensation);
    }

    /** How what is left makes up for what is gone. */
    public CompensationSettings compensation() {
        return compensation;
    }

    /** The type that weights are stored in. */
    public CompactSettings dtype(DType type) {
        return with(copy -> copy.dtype = Optional.of(type));
    }

    /** The type that weights are stored in; empty for that of the source as far as it can be cut. */
    public Optional<DType> dtype() {
        return dtype;
    }

    /** Of the calibration sequences that are drawn. */
    public CompactSettings seed(long seed) {
        return with(copy -> copy.seed = seed);
    }

    /** Of the calibration sequences that are drawn. */
    public long seed() {
        return seed;
    }

    @Override
    public Optional<String> complaint() {
        return calibration
                .complaint()
                .or(() -> compensation.complaint(
                        calibration.given(), calibration.paths().size()));
    }

    /** How what is left makes up for what is gone where nothing is set. */
    Compensation usualCompensation() {
        return calibration.given() ? Compensation.LSTSQ : Compensation.NONE;
    }
}
