package org.espalier.bench.gpu;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * Where a check leaves what it found: a file for people, and beside it, with {@code .jsonl} behind its name, one with a JSON
 * object a line. Lines are appended as they come and the files closed after each, so that a check that is cut short leaves all
 * that it had found.
 */
final class CheckFiles {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path people;
    private final Path programs;

    CheckFiles(Path people) {
        this.people = people;
        this.programs = people.resolveSibling(people.getFileName() + ".jsonl");
    }

    /** Appends text for people. */
    void say(String text) {
        append(people, text);
    }

    /** Appends an object for programs. */
    void note(Map<String, ?> fields) {
        try {
            append(programs, JSON.writeValueAsString(fields));
        } catch (IOException e) {
            throw new UncheckedIOException(programs.toString(), e);
        }
    }

    private static void append(Path file, String text) {
        try {
            Files.writeString(
                    file, text + System.lineSeparator(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }
}
