package org.espalier.job;

import java.util.List;
import java.util.Optional;
import org.espalier.plan.LatencyTable;

/** How it is measured what narrower branches save. */
public final class LatencySettings extends Settings<LatencySettings> {

    /** Widths of each kind of branch, the whole one included, where no number is set. */
    private static final int LEVELS = 8;

    private SpeedSettings speed = SpeedSettings.defaults();
    private Optional<List<Unit>> units = Optional.empty();
    private int levels = LEVELS;

    private LatencySettings() {}

    /** Eighths of neurons and heads, as speeds are usually measured. */
    public static LatencySettings defaults() {
        return new LatencySettings();
    }

    /** What is read and written, and how often. */
    public LatencySettings speed(SpeedSettings how) {
        return with(copy -> copy.speed = how);
    }

    /** What is read and written, and how often. */
    public SpeedSettings speed() {
        return speed;
    }

    /** As it is needed to tell how fast this is. */
    LatencySettings of(LatencyTable.Use use) {
        return use.exact() ? speed(speed.prompt(use.prompt()).generate(use.generate())) : this;
    }

    /** What is narrowed. */
    public LatencySettings units(List<Unit> kinds) {
        List<Unit> all = List.copyOf(kinds);
        return with(copy -> copy.units = Optional.of(all));
    }

    /** What is narrowed; empty for neurons and query heads, or key/value heads where there are none. */
    public Optional<List<Unit>> units() {
        return units;
    }

    /** Widths of each kind, evenly from whole to the narrowest. */
    public LatencySettings levels(int each) {
        atLeast(2, "levels", each);
        return with(copy -> copy.levels = each);
    }

    /** Widths of each kind, evenly from whole to the narrowest. */
    public int levels() {
        return levels;
    }

    @Override
    public Optional<String> complaint() {
        return speed.complaint();
    }
}
