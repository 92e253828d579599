package org.espalier.fuzz;

import java.util.Optional;

/** What a message to a person may be: one line of a bounded length. */
public final class Messages {

    /** Parts of a message are cut at 600 characters, of which some are written as several. */
    private static final int LONGEST_LINE = 12_000;

    private Messages() {}

    /** What is wrong with a message, in a few words. */
    public static Optional<String> wrong(String line) {
        if (line.length() > LONGEST_LINE) {
            return Optional.of("message of " + line.length() + " characters");
        }
        return line.chars().anyMatch(Character::isISOControl)
                ? Optional.of("message with a control character")
                : Optional.empty();
    }
}
