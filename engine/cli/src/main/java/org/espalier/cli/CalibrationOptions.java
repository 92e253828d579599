package org.espalier.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.eval.TextFormat;
import org.espalier.importance.Calibration;
import org.espalier.text.Tokenizer;
import picocli.CommandLine.Option;

/** What activations and gradients are computed on. */
@Section(Topic.CALIBRATION)
final class CalibrationOptions {

    @Section(Topic.COMMON)
    @Option(
            names = "--calibration",
            paramLabel = "FILE",
            description = "Text to calibrate on, a row a line; what looks at activations or gradients needs one. Given "
                    + "several times, each file gives an equal share of the sequences.")
    private List<Path> texts = List.of();

    @Option(
            names = "--ids-file",
            paramLabel = "FILE",
            description = "Exact calibration ids instead: a JSON array of arrays.")
    private Path idsFile;

    @Option(
            names = "--samples",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Calibration sequences in all (default: 128; 10 with --compat llm-pruner).")
    private Integer samples;

    @Option(
            names = "--seq-len",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Tokens of each (default: 128; 64 with --compat llm-pruner).")
    private Integer seqLen;

    /** Why these options do not go together, if they do not. */
    Optional<String> complaint() {
        if (!texts.isEmpty() && idsFile != null) {
            return Optional.of("give --calibration or --ids-file, not both");
        }
        return samples != null && texts.size() > samples
                ? Optional.of("--samples " + samples + " leaves nothing to take from some of the " + texts.size()
                        + " --calibration files")
                : Optional.empty();
    }

    boolean given() {
        return !texts.isEmpty() || idsFile != null;
    }

    /**
     * The calibration sequences.
     *
     * @param compatible whether LLM-Pruner's number of them is taken where none is given
     */
    Calibration read(Path model, long seed, boolean compatible) {
        if (idsFile != null) {
            return exact(idsFile);
        }
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            List<int[]> drawn = new ArrayList<>();
            int wanted = samples != null ? samples : compatible ? 10 : 128;
            int length = seqLen != null ? seqLen : compatible ? 64 : 128;
            for (int t = 0; t < texts.size(); t++) {
                int share = wanted * (t + 1) / texts.size() - wanted * t / texts.size();
                drawn.addAll(Calibration.draw(
                                TextFormat.TEXT.read(texts.get(t)),
                                row -> tokenizer.encode(row, false),
                                share,
                                length,
                                seed,
                                texts.get(t).toString())
                        .sequences());
            }
            return new Calibration(drawn);
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
        throw new Failure(
                "file is not a JSON array of arrays of token ids",
                file.toString(),
                "write it as [[1, 403, 407], [1, 12, 9]], each of at least two ids");
    }
}
