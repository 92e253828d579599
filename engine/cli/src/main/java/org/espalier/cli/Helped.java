package org.espalier.cli;

import java.util.Optional;
import org.espalier.job.Workers;

/** A program whose commands may have workers. */
interface Helped {

    /** Those who do the pieces of jobs, where it is not this process alone. */
    Optional<Workers> workers();
}
