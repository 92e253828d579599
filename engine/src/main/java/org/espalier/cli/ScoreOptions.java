package org.espalier.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.eval.TextFormat;
import org.espalier.ffi.Failure;
import org.espalier.format.Tokenizer;
import org.espalier.prune.Aggregate;
import org.espalier.prune.Calibration;
import org.espalier.prune.Criterion;
import org.espalier.prune.ModelScores;
import org.espalier.prune.UnitScores.Alignment;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How units are scored, and on what. */
final class ScoreOptions {

    @Option(names = "--criterion", paramLabel = "C", defaultValue = "param_first",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Criterion criterion;

    @Option(names = "--aggregate", paramLabel = "A",
            description = "How members of a group become one: ${COMPLETION-CANDIDATES} (default: sum for Taylor criteria, "
                    + "mean for magnitudes).")
    private Aggregate aggregate;

    @Option(names = "--calibration", paramLabel = "FILE",
            description = "Text to calibrate on, a row a line; criteria that look at gradients need one.")
    private Path calibration;

    @Option(names = "--ids-file", paramLabel = "FILE",
            description = "Exact calibration ids instead: a JSON array of arrays.")
    private Path idsFile;

    @Option(names = "--samples", paramLabel = "N", defaultValue = "10", converter = Converters.Positive.class,
            description = "Calibration sequences (default: ${DEFAULT-VALUE}).")
    private int samples;

    @Option(names = "--seq-len", paramLabel = "N", defaultValue = "64", converter = Converters.Positive.class,
            description = "Tokens of each (default: ${DEFAULT-VALUE}).")
    private int seqLen;

    @Option(names = "--compat", paramLabel = "WHOSE", converter = Compat.Converter.class,
            description = "llm-pruner: count units and align grouped queries as LLM-Pruner does, its mistakes included.")
    private Compat compat;

    @Mixin
    private SeedOption seed;

    ModelScores.Method method() {
        return new ModelScores.Method(criterion, aggregate == null ? criterion.defaultAggregate() : aggregate,
                compatible() ? Alignment.LLM_PRUNER : Alignment.BY_UNIT, seed.value());
    }

    boolean compatible() {
        return compat != null;
    }

    /** Why these options do not go together, if they do not. */
    Optional<String> complaint() {
        if (calibration != null && idsFile != null) {
            return Optional.of("give --calibration or --ids-file, not both");
        }
        if (criterion.needsCalibration() && calibration == null && idsFile == null) {
            return Optional.of("criterion " + criterion + " needs --calibration FILE (any text) or --ids-file FILE");
        }
        return Optional.empty();
    }

    /** The calibration sequences; empty if the criterion needs none. */
    Optional<Calibration> calibration(Path model) {
        if (!criterion.needsCalibration()) {
            return Optional.empty();
        }
        if (idsFile != null) {
            return Optional.of(exact(idsFile));
        }
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            return Optional.of(Calibration.draw(TextFormat.TEXT.read(calibration), text -> tokenizer.encode(text, false),
                    samples, seqLen, seed.value(), calibration.toString()));
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
