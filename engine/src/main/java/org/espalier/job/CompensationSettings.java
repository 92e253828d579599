package org.espalier.job;

import java.util.Optional;
import org.espalier.cut.Compensation;
import org.espalier.cut.Ridge;

/** How what is left of a model makes up for what is gone. */
public final class CompensationSettings extends Settings<CompensationSettings> {

    private Optional<Compensation> kind = Optional.empty();
    private Ridge ridge = Ridge.of(1);

    private CompensationSettings() {}

    /** Projections are fitted anew, as firmly held as they weigh, where there is something to calibrate on. */
    public static CompensationSettings defaults() {
        return new CompensationSettings();
    }

    /** What is done. */
    public CompensationSettings kind(Compensation kind) {
        return with(copy -> copy.kind = Optional.of(kind));
    }

    /** What is done; {@code usual} if nothing is set. */
    Compensation kindOr(Compensation usual) {
        return kind.orElse(usual);
    }

    /** Whether something is asked for. */
    boolean wanted() {
        return kind.isPresent() && kind.get() != Compensation.NONE;
    }

    /** How firmly a fit holds weights to their old values, as a share of what their inputs sum up to; above 0. */
    public CompensationSettings ridge(double share) {
        aboveZero("ridge", share);
        return with(copy -> copy.ridge = Ridge.of(share));
    }

    /** Holds each branch as firmly as serves those calibration texts best that its fit has not seen. */
    public CompensationSettings ridgeOfEach() {
        return with(copy -> copy.ridge = new Ridge(copy.ridge.share(), true));
    }

    /** How firmly a fit holds weights to their old values. */
    public Ridge ridge() {
        return ridge;
    }

    /**
     * Why these settings do not go together with others, if they do not.
     *
     * @param calibrated whether there is something to calibrate on
     * @param texts      how many calibration files there are
     */
    Optional<String> complaint(boolean calibrated, int texts) {
        if (ridge.chosen() && texts < 2) {
            return Optional.of("--ridge auto leaves out one text after the other: give --calibration twice or more");
        }
        return !wanted() || calibrated
                ? Optional.empty()
                : Optional.of("--compensate " + kind.get() + " needs --calibration FILE (any text) or --ids-file FILE");
    }
}
