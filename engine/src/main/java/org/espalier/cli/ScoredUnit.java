package org.espalier.cli;

import java.util.Locale;
import org.espalier.couple.Group.Role;

/** Kinds of units that can be scored, under the names that people use. */
enum ScoredUnit {
    KV_HEADS(Role.HEADS), QUERY_HEADS(Role.QUERY_HEADS), NEURONS(Role.NEURONS), CHANNELS(Role.CHANNELS);

    private final Role role;

    ScoredUnit(Role role) {
        this.role = role;
    }

    Role role() {
        return role;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
