package org.espalier.spark;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.espalier.cli.Main;

/** A command that ran in this process. */
record Ran(int status, String out, String err) {

    /** By the engine alone. */
    static Ran alone(String... arguments) {
        return ran(0, arguments);
    }

    /** By workers among whom work is divided into so many parts. */
    static Ran divided(int parts, String... arguments) {
        return ran(parts, arguments);
    }

    private static Ran ran(int parts, String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = Main.run(
                arguments,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                parts == 0 ? Optional.empty() : Optional.of(compute -> OneSession.workers(compute, parts)));
        return new Ran(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
