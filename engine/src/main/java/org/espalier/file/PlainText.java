package org.espalier.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.espalier.error.Failure;

/**
 * Plain text to learn from or to measure on. A table or JSON is text as well, but a model that is to learn or to be measured
 * on what it holds should not see its commas, quotes and names of columns: it is told by the ending of its name or by how
 * it begins.
 */
public final class PlainText {

    private static final Map<String, String> ENDINGS = Map.of(
            "csv", "a CSV table",
            "tsv", "a table with tabs",
            "json", "JSON",
            "jsonl", "JSON lines",
            "ndjson", "JSON lines",
            "html", "an HTML page",
            "htm", "an HTML page",
            "xml", "XML");

    /** Names of columns of data sets with texts; a first line of names alone with one of these is no sentence. */
    private static final Set<String> COLUMNS = Set.of(
            "id",
            "idx",
            "index",
            "text",
            "content",
            "document",
            "article",
            "sentence",
            "title",
            "body",
            "label",
            "score",
            "url",
            "instruction",
            "input",
            "output",
            "prompt",
            "completion",
            "question",
            "answer",
            "response",
            "context",
            "messages",
            "conversations",
            "source",
            "target",
            "summary",
            "category");

    private static final Pattern COLUMN = Pattern.compile("\"?([A-Za-z_][A-Za-z0-9_]*+)\"?");
    private static final Pattern JSON_START = Pattern.compile("(\\{\\s*+\"|\\[\\s*+\\{\\s*+\").*", Pattern.DOTALL);
    private static final Pattern HTML_START =
            Pattern.compile("<(!doctype html|html)\\b.*", Pattern.DOTALL | Pattern.CASE_INSENSITIVE);
    private static final int START = 1000;

    private PlainText() {}

    /**
     * The content of a UTF-8 file of plain text.
     *
     * @param advice what to do with a file of another kind that is text, too
     * @throws Failure as {@link TextFile#read(Path)}, or if the file's name or beginning shows that it is no plain text
     */
    public static String read(Path file, String advice) {
        String text = TextFile.read(file);
        require(file, text, advice);
        return text;
    }

    /** As above, for a file that is not read whole. */
    public static void require(Path file, String advice) {
        TextFile.requireText(file);
        try (InputStream in = Files.newInputStream(file)) {
            // A character that is cut in two at the end decides nothing.
            require(file, new String(in.readNBytes(4 * START), StandardCharsets.UTF_8), advice);
        } catch (IOException e) {
            throw new Failure("file cannot be read", file.toString(), "check it and its permissions", e);
        }
    }

    private static void require(Path file, String beginning, String advice) {
        kind(file, ByteOrderMark.skipped(beginning)).ifPresent(kind -> {
            throw new Failure("this is " + kind + ", not plain text", file.toString(), advice);
        });
    }

    static Optional<String> kind(Path file, String text) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        Optional<String> named = Optional.ofNullable(ENDINGS.get(name.substring(name.lastIndexOf('.') + 1)));
        return named.or(() ->
                beginning(text.substring(0, Math.min(text.length(), START)).stripLeading()));
    }

    private static Optional<String> beginning(String start) {
        if (JSON_START.matcher(start).matches()) {
            return Optional.of("JSON");
        }
        if (HTML_START.matcher(start).matches()) {
            return Optional.of("an HTML page");
        }
        String first = start.lines().findFirst().orElse("");
        return List.of(",", ";", "\t").stream().anyMatch(separator -> isHead(first.split(separator, -1)))
                ? Optional.of("a table, by its first line")
                : Optional.empty();
    }

    private static boolean isHead(String[] cells) {
        return cells.length > 1
                && Arrays.stream(cells).allMatch(cell -> COLUMN.matcher(cell).matches())
                && Arrays.stream(cells)
                        .map(cell -> cell.replace("\"", "").toLowerCase(Locale.ROOT))
                        .anyMatch(COLUMNS::contains);
    }
}
