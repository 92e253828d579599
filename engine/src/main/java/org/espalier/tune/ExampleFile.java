package org.espalier.tune;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.espalier.error.Failure;
import org.espalier.file.JsonRecords;
import org.espalier.file.PlainText;
import org.espalier.file.TextFile;
import org.espalier.text.ChatTemplate;

/** Reads a file of texts to learn from. */
public final class ExampleFile {

    private static final List<Pattern> SEPARATORS =
            List.of(Pattern.compile("(?m)^<\\|endoftext\\|>\\s*$"), Pattern.compile("(?m)^\\s*\\n"));

    private ExampleFile() {}

    /** As below, in the format that the file's name suggests, if it is JSON or plain text. */
    public static Examples read(Path file, Supplier<ChatTemplate> template, BrokenRecords broken) {
        ExampleFormat format = ExampleFormat.of(file);
        return format == ExampleFormat.TEXT
                ? notEmpty(
                        Examples.texts(texts(PlainText.read(
                                file,
                                "write it as JSON lines (prompt and completion, or text) and add --format jsonl; "
                                        + "--format text reads it as it is"))),
                        file)
                : read(file, format, template, broken);
    }

    /**
     * Reads a file.
     *
     * @param broken   what to do with records that are no examples
     * @param template of the model, asked for only if it is needed
     * @throws Failure if it is missing, damaged or empty
     */
    public static Examples read(
            Path file, ExampleFormat format, Supplier<ChatTemplate> template, BrokenRecords broken) {
        if (format == ExampleFormat.TEXT) {
            return notEmpty(Examples.texts(texts(TextFile.read(file))), file);
        }
        Examples examples = RecordExamples.of(
                JsonRecords.read(file, broken), format, format == ExampleFormat.CHAT ? template.get() : null, broken);
        broken.summarise(file.toString());
        return notEmpty(examples, file);
    }

    private static Examples notEmpty(Examples examples, Path file) {
        if (examples.size() == 0) {
            throw new Failure(
                    examples.broken() > 0
                            ? "none of the " + examples.broken() + " records can be read"
                            : "file holds no texts",
                    file.toString(),
                    "name a file with texts, and its --format");
        }
        return examples;
    }

    /** The texts of a plain file. */
    static List<String> texts(String content) {
        String unix = content.replace("\r\n", "\n").strip();
        Pattern separator = SEPARATORS.stream()
                .filter(s -> s.matcher(unix).find())
                .findFirst()
                .orElse(Pattern.compile("\n"));
        return Arrays.stream(separator.split(unix))
                .map(String::strip)
                .filter(t -> !t.isEmpty())
                .toList();
    }
}
