package org.espalier.tune;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.file.TextFile;
import org.espalier.text.ChatTemplate;

/** Reads a file of texts to learn from. */
public final class ExampleFile {

    private static final List<Pattern> SEPARATORS =
            List.of(Pattern.compile("(?m)^<\\|endoftext\\|>\\s*$"), Pattern.compile("(?m)^\\s*\\n"));

    private ExampleFile() {}

    /**
     * Reads a file.
     *
     * @param template of the model, asked for only if it is needed
     * @throws Failure if it is missing, damaged or empty
     */
    public static Examples read(Path file, ExampleFormat format, Supplier<ChatTemplate> template) {
        if (Files.isDirectory(file)) {
            throw new Failure("is a folder", file.toString(), "name a file with texts");
        }
        Examples examples = format == ExampleFormat.TEXT
                ? Examples.texts(texts(TextFile.read(file)))
                : new RecordExamples(
                        Json.readObjects(file),
                        format,
                        file.toString(),
                        format == ExampleFormat.CHAT ? template.get() : null);
        if (examples.size() == 0) {
            throw new Failure("file holds no texts", file.toString(), "name a file with texts");
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
