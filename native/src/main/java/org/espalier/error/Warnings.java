package org.espalier.error;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Lines that a person should read though the work goes on: what is done otherwise than was asked for, what a file says that
 * is not understood and cannot change a result. Each is said once. A program hears them as it likes; without that they go
 * to the system's logger.
 */
public final class Warnings {

    private static final int MOST_REMEMBERED = 1000;

    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    private static volatile Consumer<String> listener =
            line -> System.getLogger("org.espalier").log(System.Logger.Level.WARNING, line);

    private Warnings() {}

    /** From now on {@code hears} gets every line, the earlier ones once more. */
    public static void hear(Consumer<String> hears) {
        SAID.clear();
        listener = hears;
    }

    /** Says a line, in the form of a failure, unless it was said before. */
    public static void say(Failure warning) {
        if (SAID.size() < MOST_REMEMBERED && SAID.add(warning.oneLine())) {
            listener.accept(warning.oneLine());
        }
    }
}
