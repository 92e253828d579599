package org.espalier.cli;

import java.nio.file.Path;
import org.espalier.file.Sha256;
import org.espalier.report.TrainingFile;
import org.espalier.text.ChatTemplate;
import org.espalier.text.Tokenizer;
import org.espalier.tune.Encoder;
import org.espalier.tune.ExampleFormat;
import org.espalier.tune.Examples;
import org.espalier.tune.TrainingData;
import picocli.CommandLine.Option;

/** Texts that a model is trained back on. */
@Section(Topic.SAMPLES)
final class DataOptions {

    @Section(Topic.COMMON)
    @Option(names = "--data", paramLabel = "FILE", required = true, description = "Texts to learn from.")
    private Path file;

    @Option(
            names = "--format",
            paramLabel = "F",
            description = "${COMPLETION-CANDIDATES} (default: alpaca for .json, jsonl for .jsonl, else text).")
    private ExampleFormat format;

    @Option(
            names = "--max-samples",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Samples to train on at most, drawn by the seed (default: all).")
    private Integer maxSamples;

    /** Draws the samples as a model reads them. */
    TrainingData samples(Path model, TuneOptions options, long seed) {
        try (Tokenizer tokenizer = Tokenizer.open(model)) {
            Examples examples = format().read(file, () -> ChatTemplate.of(tokenizer, model.toString()));
            return TrainingData.draw(
                    examples,
                    new Encoder(tokenizer, options.cutoff()),
                    maxSamples == null ? Integer.MAX_VALUE : maxSamples,
                    options.heldOut(),
                    seed,
                    file.toString());
        }
    }

    /** The file's name. */
    String name() {
        return file.getFileName().toString();
    }

    /** What a record says of these texts. */
    TrainingFile.Data record(TrainingData samples) {
        return TrainingFile.Data.of(file.getFileName(), Sha256.ofFile(file), format().toString(), samples);
    }

    private ExampleFormat format() {
        return format == null ? ExampleFormat.of(file) : format;
    }
}
