package org.espalier.cli;

import java.util.Optional;
import java.util.OptionalInt;
import org.espalier.eval.TextFormat;
import picocli.CommandLine.Option;

/** How a text is read and cut into windows. */
final class WindowOptions {

    @Option(
            names = "--format",
            paramLabel = "F",
            description =
                    "How rows are read: lines (a row per line, stripped), wikitext (its raw form), text (the whole file)"
                            + " (default: ${bundle:default.format}).")
    private TextFormat format;

    private OptionalInt seqLen = OptionalInt.empty();
    private OptionalInt maxWindows = OptionalInt.empty();

    @Option(
            names = "--seq-len",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Ids in a window (default: ${bundle:default.window}).")
    private void seqLen(int tokens) {
        seqLen = OptionalInt.of(tokens);
    }

    @Option(
            names = "--max-windows",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Stop after so many windows of a text.")
    private void maxWindows(int windows) {
        maxWindows = OptionalInt.of(windows);
    }

    Optional<TextFormat> format() {
        return Optional.ofNullable(format);
    }

    OptionalInt seqLen() {
        return seqLen;
    }

    OptionalInt maxWindows() {
        return maxWindows;
    }
}
