package org.espalier.spark;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.espalier.cli.Main;

/**
 * A run of a sweep: a command of the engine's, done in a task.
 *
 * @param number    of it, from 1
 * @param arguments of {@code engine}
 * @param folder    that it leaves
 */
record Run(int number, List<String> arguments, String folder) implements Serializable {

    /**
     * What came of a run.
     *
     * @param json   that the command printed
     * @param errors that it printed if it failed
     */
    record Done(Run run, int status, String json, String errors) implements Serializable {}

    Done done() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = Main.run(arguments.toArray(String[]::new), stream(out), stream(err));
        return new Done(
                this,
                status,
                out.toString(StandardCharsets.UTF_8),
                status == 0 ? "" : err.toString(StandardCharsets.UTF_8).strip());
    }

    private static PrintStream stream(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }
}
