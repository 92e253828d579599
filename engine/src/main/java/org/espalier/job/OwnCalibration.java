package org.espalier.job;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.importance.Calibration;
import org.espalier.text.Tokenizer;

/**
 * Sequences to calibrate on that a model writes itself, where no text is given: it is then pruned for what it writes about, which is
 * what it was trained on.
 */
final class OwnCalibration {

    private OwnCalibration() {}

    /**
     * Has the model write.
     *
     * @param settings how much, where that is set
     * @throws Failure if the model is larger than the memory, has no tokenizer, or gives no finite numbers
     */
    static Calibration of(OpenModel open, CalibrationSettings settings, long seed, Listener listener) {
        if (open.outgrowsMemory() || !open.model().weights().resident()) {
            throw new Failure(
                    "a model that is read layer by layer does not write its own calibration text in useful time",
                    open.path().toString(),
                    "give any text with --calibration FILE");
        }
        WritingSettings writing = settings.written(open.parameters(), seed);
        int texts = writing.texts().orElseThrow();
        listener.note("no --calibration: the model writes %,d texts of %,d tokens to be calibrated on (seed %d)"
                .formatted(texts, writing.maxTokens(), seed));
        try (Tokenizer tokenizer = Tokenizer.open(open.path())) {
            List<int[]> sequences = new ArrayList<>();
            new WrittenTexts(open, tokenizer, writing, listener)
                    .writeIds(
                            new RandomBeginnings(tokenizer).first(texts, seed),
                            ids -> sequences.add(Arrays.copyOf(ids, writing.maxTokens())));
            return new Calibration(sequences, Optional.of(new Calibration.Writer(seed, writing.temperature())));
        }
    }
}
