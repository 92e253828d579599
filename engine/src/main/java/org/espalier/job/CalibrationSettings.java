package org.espalier.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.espalier.error.Failure;
import org.espalier.eval.TextFormat;
import org.espalier.file.Json;
import org.espalier.file.TextFile;
import org.espalier.importance.Calibration;
import org.espalier.model.DrawnTexts;
import org.espalier.text.Tokenizer;

/** What activations and gradients are computed on. */
public final class CalibrationSettings extends Settings<CalibrationSettings> {

    /** Sequences that are drawn where no number is set. */
    public static final int SAMPLES = 128;
    /** Tokens of each. */
    public static final int SEQ_LEN = 128;
    /** Sequences that a model writes itself where none are given; fewer the larger it is. */
    public static final int WRITTEN_SAMPLES = 256;

    /** A model of more parameters writes fewer sequences, but not fewer than are written together. */
    private static final double SMALL_MODEL = 0.25e9;
    /** Sequences that LLM-Pruner draws. */
    public static final int LLM_PRUNER_SAMPLES = 10;
    /** Tokens of each. */
    public static final int LLM_PRUNER_SEQ_LEN = 64;

    private List<DataFile> texts = List.of();
    private Optional<Path> idsFile = Optional.empty();
    private OptionalInt samples = OptionalInt.empty();
    private OptionalInt seqLen = OptionalInt.empty();

    private CalibrationSettings() {}

    /** Nothing to calibrate on. */
    public static CalibrationSettings defaults() {
        return new CalibrationSettings();
    }

    /** UTF-8 texts, a row a line; each gives its share of the sequences, or all give the same if none has one. */
    public CalibrationSettings texts(List<DataFile> files) {
        return with(copy -> copy.texts = List.copyOf(files));
    }

    /** The files of all texts. */
    List<Path> paths() {
        return texts.stream().map(DataFile::path).toList();
    }

    private SharedFiles files() {
        return new SharedFiles("--calibration", texts);
    }

    /** Exact tokens instead of texts: a JSON array of arrays. */
    public CalibrationSettings idsFile(Path file) {
        return with(copy -> copy.idsFile = Optional.of(file));
    }

    /** Sequences in all. */
    public CalibrationSettings samples(int sequences) {
        atLeast(1, "samples", sequences);
        return with(copy -> copy.samples = OptionalInt.of(sequences));
    }

    /** With so many sequences where no number is set. */
    CalibrationSettings usually(int sequences) {
        return samples.isPresent() ? this : samples(sequences);
    }

    /** Tokens of each sequence. */
    public CalibrationSettings seqLen(int tokens) {
        atLeast(1, "seqLen", tokens);
        return with(copy -> copy.seqLen = OptionalInt.of(tokens));
    }

    /** Whether there is something to calibrate on. */
    public boolean given() {
        return !texts.isEmpty() || idsFile.isPresent();
    }

    @Override
    public Optional<String> complaint() {
        if (!texts.isEmpty() && idsFile.isPresent()) {
            return Optional.of("give --calibration or --ids-file, not both");
        }
        return files().complaint().or(this::complaintAboutSamples);
    }

    private Optional<String> complaintAboutSamples() {
        return samples.isPresent() && sequencesOfEach(samples.getAsInt()).contains(0)
                ? Optional.of("--samples " + samples.getAsInt() + " leaves nothing to take from some of the "
                        + texts.size() + " --calibration files")
                : Optional.empty();
    }

    /** How many sequences each file gives. */
    List<Integer> sequencesOfEach(int sequences) {
        List<Integer> each = new ArrayList<>();
        double share = 0;
        int given = 0;
        for (DataFile file : texts) {
            share += files().share(file);
            // Shares such as a third are not exact.
            int until = (int) Math.floor(sequences * share + 1e-6);
            each.add(until - given);
            given = until;
        }
        return each;
    }

    /**
     * The calibration sequences; empty if nothing is given.
     *
     * @param model      whose tokenizer reads texts
     * @param compatible whether LLM-Pruner's number of them is drawn where none is set
     * @throws Failure if a file cannot be read, or is too short
     */
    Optional<Calibration> read(Path model, long seed, boolean compatible) {
        if (!given()) {
            return Optional.empty();
        }
        return Optional.of(
                idsFile.isPresent()
                        ? exact(idsFile.get())
                        : drawn(
                                model,
                                samples.orElse(compatible ? LLM_PRUNER_SAMPLES : SAMPLES),
                                seqLen.orElse(compatible ? LLM_PRUNER_SEQ_LEN : SEQ_LEN),
                                seed));
    }

    /** What a model of so many parameters writes itself where nothing is given: so many texts of so many tokens. */
    WritingSettings written(long parameters, long seed) {
        int usual = (int) Math.round(WRITTEN_SAMPLES * Math.min(1, SMALL_MODEL / parameters));
        return WritingSettings.defaults()
                .texts(samples.orElse(Math.max(DrawnTexts.TOGETHER, usual)))
                .maxTokens(seqLen.orElse(SEQ_LEN))
                .seed(seed);
    }

    private Calibration drawn(Path model, int sequences, int tokens, long seed) {
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            List<int[]> drawn = new ArrayList<>();
            for (int t = 0; t < texts.size(); t++) {
                Path file = texts.get(t).path();
                drawn.addAll(Calibration.draw(
                                TextFormat.TEXT.readPlain(file, "write its texts to a text file, a row a line"),
                                row -> tokenizer.encode(row, false),
                                sequencesOfEach(sequences).get(t),
                                tokens,
                                seed,
                                file.toString())
                        .sequences());
            }
            return new Calibration(drawn, Optional.empty(), sequencesOfEach(sequences));
        }
    }

    private static Calibration exact(Path file) {
        try {
            int[][] ids = Json.readWholeNumbers(TextFile.read(file), int[][].class);
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
