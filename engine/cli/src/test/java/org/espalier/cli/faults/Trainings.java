package org.espalier.cli.faults;

import java.io.IOException;
import java.nio.file.Path;

/** Runs trainings and ends them as SIGKILL does. */
interface Trainings {

    /**
     * Runs a training, for so long at most; then there stands what a kill leaves at that moment.
     *
     * @param place  the folder that it writes into
     * @param millis how long
     * @return whether it came to its end before
     * @throws IllegalStateException if it failed
     */
    boolean run(Writer writer, Path place, long millis) throws IOException, InterruptedException;
}
