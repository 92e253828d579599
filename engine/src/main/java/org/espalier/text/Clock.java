package org.espalier.text;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.espalier.error.Failure;

/** The time that chat templates write into prompts. */
final class Clock {

    private static final String VARIABLE = "SOURCE_DATE_EPOCH";

    private Clock() {}

    /** Now, or the time that the environment fixes so that a run can be repeated. */
    static LocalDateTime now() {
        String fixed = System.getenv(VARIABLE);
        return fixed == null || fixed.isEmpty() ? LocalDateTime.now(ZoneId.systemDefault()) : at(fixed);
    }

    /**
     * The time in UTC that many seconds after 1970.
     *
     * @throws Failure if it is no such number
     */
    static LocalDateTime at(String seconds) {
        try {
            return LocalDateTime.ofEpochSecond(Long.parseLong(seconds), 0, ZoneOffset.UTC);
        } catch (NumberFormatException | DateTimeException e) {
            throw new Failure("is no number of seconds since 1970", VARIABLE, "set it to one, or leave it unset", e);
        }
    }
}
