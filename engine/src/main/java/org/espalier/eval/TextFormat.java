package org.espalier.eval;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.espalier.error.Failure;
import org.espalier.file.PlainText;
import org.espalier.file.TextFile;

/** How the rows of a text file become one string. Rows end at line feeds, and are joined by an empty line. */
public enum TextFormat {
    /** A row per line, without white space at its ends. */
    LINES(String::strip),
    /** WikiText's raw form: a line keeps its spaces and its line feed, a blank line becomes an empty row. */
    WIKITEXT(line -> line.isBlank() ? "" : line),
    /** The whole file as one string. */
    TEXT(null);

    private final UnaryOperator<String> row;

    TextFormat(UnaryOperator<String> row) {
        this.row = row;
    }

    /**
     * Reads a UTF-8 file, whatever it holds.
     *
     * @throws Failure if it cannot be read, is empty, or is not UTF-8
     */
    public String read(Path file) {
        return read(file, TextFile.read(file));
    }

    /**
     * Reads a UTF-8 file of plain text.
     *
     * @param advice what to do with JSON, a table and the like
     * @throws Failure as above, or if it holds such
     */
    public String readPlain(Path file, String advice) {
        return read(file, PlainText.read(file, advice));
    }

    private String read(Path file, String text) {
        if (text.isBlank()) {
            throw new Failure("file holds no text", file.toString(), "name a text file");
        }
        return join(text);
    }

    /** The string for a file's content. */
    String join(String text) {
        if (row == null) {
            return text;
        }
        // After each line feed, so that it stays with its line.
        return Arrays.stream(text.split("(?<=\n)")).map(row).collect(Collectors.joining("\n\n"));
    }

    /** The name on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
