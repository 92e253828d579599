package org.espalier.cli.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Trainings in two processes that live on, so that neither starts cold. At the moment of a kill all threads of the process are
 * stopped and the files copied: what stands there then is what SIGKILL leaves. The training goes on to its end, which must
 * be a good one, and the copy takes the place of what it wrote. The next one runs in the other process, so that none goes on
 * where it was stopped itself.
 */
final class StoppedTrainings implements Trainings, AutoCloseable {

    private final Path copy;
    private final List<CommandProcess> processes;
    private int runs;

    /** Uses the path {@code copy}, where nothing stands, for copies; {@code errors} gets what trainings say. */
    StoppedTrainings(Path copy, Path errors) throws IOException {
        this.copy = copy;
        this.processes = List.of(start(errors), start(errors));
    }

    private static CommandProcess start(Path errors) throws IOException {
        return new CommandProcess(CommandProcess.class, errors);
    }

    @Override
    public boolean run(Writer writer, Path place, long millis) throws IOException, InterruptedException {
        CommandProcess process = processes.get(runs++ % processes.size());
        process.begin(writer.commandLine(place, false));
        boolean ended = process.await(millis);
        if (!ended) {
            process.stop();
            Standing.copy(place, copy);
            process.goOn();
            process.await(Long.MAX_VALUE);
        }
        if (process.status() != 0) {
            throw new IllegalStateException(writer.name() + " ended with " + process.status());
        }
        if (!ended) {
            Standing.empty(place);
            Files.delete(place);
            Files.move(copy, place);
        }
        return ended;
    }

    @Override
    public void close() {
        processes.forEach(CommandProcess::close);
    }
}
