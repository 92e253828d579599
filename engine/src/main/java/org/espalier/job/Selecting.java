package org.espalier.job;

import java.util.Locale;

/** What decides which units go. */
public enum Selecting {
    /** Scores, each unit's by itself. */
    SCORES,
    /** Gates that are learned on the frozen model from the scores on, all units together. */
    GATES;

    /** The name on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
