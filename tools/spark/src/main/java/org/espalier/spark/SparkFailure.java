package org.espalier.spark;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.error.Failure;

/** Spark's own failures as one line of what stands in them. */
final class SparkFailure {

    /** The reason of the last try of a task, in the message of a job that was given up. */
    private static final Pattern LAST_TRY = Pattern.compile("(?:executor [^)]*\\): )([^\\n]+)");

    private SparkFailure() {}

    static Failure of(String name, Throwable e) {
        String message = String.valueOf(e.getMessage());
        Matcher reason = LAST_TRY.matcher(message);
        String problem =
                reason.find() ? reason.group(1) : message.lines().findFirst().orElse("no reason given");
        return new Failure(
                "workers cannot do their part, " + problem,
                "Spark, " + name,
                "look into the logs of the executors; if memory was short, give them more or fewer tasks at once",
                e);
    }
}
