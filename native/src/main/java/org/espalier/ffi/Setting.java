package org.espalier.ffi;

import java.util.Optional;

/** A choice that a person makes by a system property or, failing that, an environment variable. */
record Setting(String property, String variable) {

    /** What was chosen; an empty text counts as no choice. */
    Optional<String> value() {
        return Optional.ofNullable(System.getProperty(property))
                .filter(v -> !v.isBlank())
                .or(() -> Optional.ofNullable(System.getenv(variable)).filter(v -> !v.isBlank()));
    }

    /** How to make the choice, for advice: {@code set the environment variable X (or -Dx=...)}. */
    String howToSet() {
        return "set the environment variable " + variable + " (or -D" + property + "=...)";
    }
}
