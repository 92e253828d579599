package org.espalier.spark;

import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.espalier.job.ComputeSettings;

/** The session that all tests share. */
final class OneSession {

    private static final SparkSessions SESSIONS =
            SparkSessions.of(Optional.of("local[2]"), List.of("spark.task.maxFailures=1"));

    private OneSession() {}

    static SparkSessions get() {
        return SESSIONS;
    }

    static JavaSparkContext context() {
        return SESSIONS.context();
    }

    /** Workers among whom work is divided into so many parts. */
    static SparkWorkers workers(ComputeSettings compute, int parts) {
        return new SparkWorkers(context(), compute, new SparkWorkers.Choices(parts, 2, false));
    }
}
