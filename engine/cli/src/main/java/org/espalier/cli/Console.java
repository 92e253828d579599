package org.espalier.cli;

import java.io.PrintWriter;
import org.espalier.error.Printable;
import org.espalier.job.Listener;
import org.espalier.job.Progress;

/**
 * Shows on stderr what a job does.
 *
 * @param err     stderr
 * @param verbose whether details are shown too
 */
record Console(PrintWriter err, boolean verbose) implements Listener {

    @Override
    public void note(String line) {
        err.println("engine: " + Printable.line(line));
    }

    @Override
    public void detail(String line) {
        if (verbose) {
            note(line);
        }
    }

    @Override
    public Progress begin(String name, String unit, long total) {
        return new ConsoleProgress(err, Boolean.getBoolean("espalier.terminal"), Printable.cell(name), unit, total);
    }
}
