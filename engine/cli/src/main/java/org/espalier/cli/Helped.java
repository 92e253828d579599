package org.espalier.cli;

import java.util.Optional;
import java.util.function.Function;
import org.espalier.job.ComputeSettings;
import org.espalier.job.Workers;

/** A program whose commands may have workers. */
interface Helped {

    /** Those who do the pieces of jobs that compute so, where it is not this process alone. */
    Optional<Function<ComputeSettings, Workers>> workers();
}
