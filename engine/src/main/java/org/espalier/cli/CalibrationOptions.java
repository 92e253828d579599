package org.espalier.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.eval.TextFormat;
import org.espalier.ffi.Failure;
import org.espalier.format.Tokenizer;
import org.espalier.prune.Calibration;
import picocli.CommandLine.Option;

/** What activations and gradients are computed on. */
final class CalibrationOptions {

    @Option(names = "--calibration", paramLabel = "FILE",
            description = "Text to calibrate on, a row a line; what looks at activations or gradients needs one.")
    private Path text;

    @Option(names = "--ids-file", paramLabel = "FILE",
            description = "Exact calibration ids instead: a JSON array of arrays.")
    private Path idsFile;

    @Option(names = "--samples", paramLabel = "N", defaultValue = "10", converter = Converters.Positive.class,
            description = "Calibration sequences (default: ${DEFAULT-VALUE}).")
    private int samples;

    @Option(names = "--seq-len", paramLabel = "N", defaultValue = "64", converter = Converters.Positive.class,
            description = "Tokens of each (default: ${DEFAULT-VALUE}).")
    private int seqLen;

    /** Why these options do not go together, if they do not. */
    Optional<String> complaint() {
        return text != null && idsFile != null ? Optional.of("give --calibration or --ids-file, not both") : Optional.empty();
    }

    boolean given() {
        return text != null || idsFile != null;
    }

    /** The calibration sequences. */
    Calibration read(Path model, long seed) {
        if (idsFile != null) {
            return exact(idsFile);
        }
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            return Calibration.draw(TextFormat.TEXT.read(text), row -> tokenizer.encode(row, false), samples, seqLen, seed,
                    text.toString());
        }
    }

    private static Calibration exact(Path file) {
        try {
            int[][] ids = new ObjectMapper().readValue(TextFormat.TEXT.read(file), int[][].class);
            if (ids != null && ids.length > 0 && List.of(ids).stream().allMatch(row -> row != null && row.length > 1)) {
                return new Calibration(List.of(ids));
            }
        } catch (JsonProcessingException e) {
            // Said below, as for a file that is JSON of another form.
        }
        throw new Failure("file is not a JSON array of arrays of token ids", file.toString(),
                "write it as [[1, 403, 407], [1, 12, 9]], each of at least two ids");
    }
}
