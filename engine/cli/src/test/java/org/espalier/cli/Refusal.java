package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A command that is refused. */
final class Refusal {

    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;

    private Refusal() {}

    /**
     * Runs a command in which {@code @} stands for a folder, and checks that it is refused: with this exit status, one line
     * on stderr, nothing on stdout, no stack trace, nothing written.
     *
     * @return the line
     */
    static String of(Path folder, int status, String line) throws IOException {
        List<Path> before = files(folder);
        String[] arguments = line.isBlank()
                ? new String[0]
                : line.strip().replace("@", folder.toString()).split("\\s+");
        String printed = Ran.engine(arguments).failure(status);
        assertFalse(printed.contains("Exception") || printed.contains("internal error"), printed);
        assertEquals(before, files(folder), "files after engine " + line);
        return printed;
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.sorted().toList();
        }
    }
}
