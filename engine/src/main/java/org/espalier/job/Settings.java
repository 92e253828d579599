package org.espalier.job;

import java.util.Optional;
import java.util.function.Consumer;
import org.espalier.error.Failure;

/**
 * What a job can be asked for, with a default for everything. Settings never change: setting one gives a copy, so that
 * {@code PruneSettings.defaults().ratio(0.3)} leaves the defaults as they are.
 *
 * @param <S> the settings themselves
 */
public abstract class Settings<S extends Settings<S>> implements Cloneable {

    /** Of everything random, where no other seed is set. */
    public static final long SEED = 42;

    Settings() {}

    /** Why these settings do not go together, under the names of the command line; empty if they do. */
    public Optional<String> complaint() {
        return Optional.empty();
    }

    /**
     * Refuses settings that do not go together.
     *
     * @throws Failure that says why
     */
    final void requireSound() {
        complaint().ifPresent(complaint -> {
            throw new Failure(complaint, "settings", "change one of them");
        });
    }

    /** A copy in which one thing is different. */
    final S with(Consumer<S> change) {
        try {
            @SuppressWarnings("unchecked")
            S copy = (S) clone();
            change.accept(copy);
            return copy;
        } catch (CloneNotSupportedException e) {
            throw new AssertionError("settings can be copied", e);
        }
    }

    /**
     * Checks a whole number.
     *
     * @throws IllegalArgumentException if it is smaller than the least that makes sense
     */
    static int atLeast(int least, String name, int value) {
        if (value < least) {
            throw new IllegalArgumentException(name + " is " + value + ", and must be " + least + " or more");
        }
        return value;
    }

    /**
     * Checks a number.
     *
     * @throws IllegalArgumentException if it is not finite, or outside the bounds, which are included
     */
    static double within(double least, double most, String name, double value) {
        if (!(value >= least && value <= most) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " is " + value + ", and must be from " + least + " to " + most);
        }
        return value;
    }

    /**
     * Checks a number.
     *
     * @throws IllegalArgumentException if it is not finite, or not above 0
     */
    static double aboveZero(String name, double value) {
        return within(Double.MIN_VALUE, Double.MAX_VALUE, name, value);
    }
}
