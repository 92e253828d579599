package org.espalier.tune;

import java.nio.file.Path;
import java.util.Locale;

/** How a file holds texts to learn from. JSON is an array of objects, or an object a line. */
public enum ExampleFormat {
    /** {@code instruction}, {@code input} (may be empty or missing) and {@code output}, put into Alpaca's templates. */
    ALPACA,
    /** {@code prompt} and {@code completion} as they are, or {@code text} that counts as a whole, or as {@link #ALPACA}. */
    JSONL,
    /**
     * {@code messages} of {@code role} and {@code content}, or ShareGPT's {@code conversations} of {@code from} and
     * {@code value}, put into the model's chat template; the assistant's count.
     */
    CHAT,
    /**
     * Plain texts that count as a whole: what lies between lines of {@code <|endoftext|>}, or if there are none between
     * empty lines, or if there are none either each line.
     */
    TEXT;

    /** The format that a file's name suggests. */
    public static ExampleFormat of(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".json") ? ALPACA : name.endsWith(".jsonl") ? JSONL : TEXT;
    }

    /** The name on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
