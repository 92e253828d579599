package org.espalier.report;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Which way a measure gets better. */
public enum Direction {
    /** A smaller number is better, as of a loss. */
    LESS,
    /** A larger number is better, as of a speed. */
    MORE;

    /** The name in files. */
    @JsonValue
    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** For people. */
    String text() {
        return key() + " is better";
    }
}
