package org.espalier.job;

import java.util.List;
import java.util.Optional;
import org.espalier.cut.Compensation;

/** How it is measured what narrowing each branch of a model does. */
public final class WidthsSettings extends Settings<WidthsSettings> {

    private CalibrationSettings calibration = CalibrationSettings.defaults();
    private CompensationSettings compensation = CompensationSettings.defaults();
    private MemorySettings memory = MemorySettings.defaults();
    private Optional<List<Unit>> units = Optional.empty();
    private int levels = WidthMeter.LEVELS;
    private long seed = SEED;

    private WidthsSettings() {}

    /** Two widths of every MLP and attention, on 64 sequences that are still to be named. */
    public static WidthsSettings defaults() {
        return new WidthsSettings();
    }

    /** What it is measured on. */
    public WidthsSettings calibration(CalibrationSettings texts) {
        return with(copy -> copy.calibration = texts);
    }

    /** What it is measured on. */
    public CalibrationSettings calibration() {
        return calibration.usually(WidthMeter.SEQUENCES);
    }

    /** How a narrowed branch makes up for what it lost. */
    public WidthsSettings compensation(CompensationSettings how) {
        return with(copy -> copy.compensation = how);
    }

    /** How a narrowed branch makes up for what it lost. */
    public CompensationSettings compensation() {
        return compensation;
    }

    /** Memory that streams may take. */
    public WidthsSettings memory(MemorySettings most) {
        return with(copy -> copy.memory = most);
    }

    /** Memory that streams may take. */
    public MemorySettings memory() {
        return memory;
    }

    /** What is narrowed. */
    public WidthsSettings units(List<Unit> kinds) {
        List<Unit> all = List.copyOf(kinds);
        return with(copy -> copy.units = Optional.of(all));
    }

    /** What is narrowed; empty for neurons, with query heads or else key/value heads, as far as they were scored. */
    public Optional<List<Unit>> units() {
        return units;
    }

    /** Widths of each group that are measured. */
    public WidthsSettings levels(int each) {
        atLeast(1, "levels", each);
        return with(copy -> copy.levels = each);
    }

    /** Widths of each group that are measured. */
    public int levels() {
        return levels;
    }

    /** Of the sequences that are drawn. */
    public WidthsSettings seed(long number) {
        return with(copy -> copy.seed = number);
    }

    /** Of the sequences that are drawn. */
    public long seed() {
        return seed;
    }

    @Override
    public Optional<String> complaint() {
        if (compensation.ridge().chosen()) {
            return Optional.of("widths are measured with one ridge: give --ridge a number");
        }
        return compensation.kindOr(Compensation.LSTSQ) == Compensation.BIAS
                ? Optional.of("--compensate bias is not measured width by width: give lstsq or none")
                : calibration.complaint();
    }
}
