package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import org.espalier.plan.Goal.Quantity;
import org.espalier.plan.LatencyTable;

/** What is to be reached in place of a ratio, and the tables of what each width does and saves that widths are chosen by. */
public final class GoalSettings extends Settings<GoalSettings> {

    private Optional<Target> target = Optional.empty();
    private int context;
    private Optional<Path> widths = Optional.empty();
    private Optional<Path> latency = Optional.empty();
    private Optional<LatencyTable.Use> latencyOf = Optional.empty();

    private GoalSettings() {}

    /** Nothing: a ratio is met, by scores alone. */
    public static GoalSettings defaults() {
        return new GoalSettings();
    }

    /** What is to be reached in place of a ratio. */
    public GoalSettings target(Target wanted) {
        return with(copy -> copy.target = Optional.of(wanted));
    }

    /** What is to be reached in place of a ratio. */
    public Optional<Target> target() {
        return target;
    }

    /** Tokens whose keys and values count as memory that is to be reached; none if nothing is set. */
    public GoalSettings context(int tokens) {
        atLeast(0, "context", tokens);
        return with(copy -> copy.context = tokens);
    }

    /** Tokens whose keys and values count as memory that is to be reached. */
    public int context() {
        return context;
    }

    /** A table of what each width does, as {@link WidthsJob} writes it, to choose widths by. */
    public GoalSettings widths(Path table) {
        return with(copy -> copy.widths = Optional.of(table));
    }

    /** A table of what each width does. */
    public Optional<Path> widths() {
        return widths;
    }

    /** A table of what narrower branches save of the time, as {@link LatencyJob} writes it, to reach a latency by. */
    public GoalSettings latency(Path table) {
        return with(copy -> copy.latency = Optional.of(table));
    }

    /** A table of what narrower branches save of the time. */
    public Optional<Path> latency() {
        return latency;
    }

    /** What is to be fast. */
    public GoalSettings latencyOf(LatencyTable.Use use) {
        return with(copy -> copy.latencyOf = Optional.of(use));
    }

    /** What is to be fast; the writing of a token if nothing is set. */
    public LatencyTable.Use latencyOf() {
        return latencyOf.orElse(LatencyTable.Use.DECODE);
    }

    /** Whether a latency is to be reached. */
    boolean forLatency() {
        return reaches(Quantity.LATENCY);
    }

    private boolean reaches(Quantity quantity) {
        return target.stream().anyMatch(wanted -> wanted.quantity() == quantity);
    }

    @Override
    public Optional<String> complaint() {
        if ((latency.isPresent() || latencyOf.isPresent()) && !forLatency()) {
            return Optional.of((latency.isPresent() ? "--latency FILE" : "--latency-of")
                    + " says what --target latency=0.8x counts: give that as well");
        }
        return context > 0 && !reaches(Quantity.MEMORY)
                ? Optional.of("--context says what --target memory=SIZE counts: give that as well")
                : Optional.empty();
    }
}
