package org.espalier.tune;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.file.TextFile;
import org.espalier.text.ChatTemplate;

/** How a file holds texts to learn from. JSON is an array of objects, or an object a line. */
public enum ExampleFormat {
    /** {@code instruction}, {@code input} (may be empty or missing) and {@code output}, put into Alpaca's templates. */
    ALPACA,
    /** {@code prompt} and {@code completion} as they are, or {@code text} that counts as a whole, or as {@link #ALPACA}. */
    JSONL,
    /** {@code messages} of {@code role} and {@code content}, put into the model's chat template; the assistant's count. */
    CHAT,
    /**
     * Plain texts that count as a whole: what lies between lines of {@code <|endoftext|>}, or if there are none between
     * empty lines, or if there are none either each line.
     */
    TEXT;

    private static final List<Pattern> SEPARATORS =
            List.of(Pattern.compile("(?m)^<\\|endoftext\\|>\\s*$"), Pattern.compile("(?m)^\\s*\\n"));

    /** The format that a file's name suggests. */
    public static ExampleFormat of(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".json") ? ALPACA : name.endsWith(".jsonl") ? JSONL : TEXT;
    }

    /**
     * Reads a file.
     *
     * @param template of the model, asked for only if it is needed
     * @throws Failure if it is missing, damaged or empty
     */
    public Examples read(Path file, Supplier<ChatTemplate> template) {
        if (Files.isDirectory(file)) {
            throw new Failure("is a folder", file.toString(), "name a file with texts");
        }
        Examples examples = this == TEXT
                ? Examples.texts(texts(TextFile.read(file)))
                : new RecordExamples(
                        Json.readObjects(file), this, file.toString(), this == CHAT ? template.get() : null);
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

    /** The name on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
