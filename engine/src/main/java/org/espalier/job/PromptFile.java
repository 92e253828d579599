package org.espalier.job;

import java.nio.file.Path;
import java.util.List;
import org.espalier.error.Failure;
import org.espalier.file.TextFile;

/** A file of beginnings that models go on from. */
final class PromptFile {

    private PromptFile() {}

    /**
     * Its lines, without spaces around them and without empty ones.
     *
     * @throws Failure if there are none, or it is no text
     */
    static List<String> read(Path file) {
        List<String> lines = TextFile.read(file)
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
        if (lines.isEmpty()) {
            throw new Failure("file holds no prompts", file.toString(), "write one prompt a line");
        }
        return lines;
    }
}
