package org.espalier.cli;

import java.nio.file.Path;
import java.util.List;
import org.espalier.job.CalibrationSettings;
import org.espalier.job.DataFile;
import picocli.CommandLine.Option;

/** What activations and gradients are computed on. */
@Section(Topic.CALIBRATION)
final class CalibrationOptions {

    private CalibrationSettings settings = CalibrationSettings.defaults();

    @Section(Topic.COMMON)
    @Option(
            names = "--calibration",
            order = 2,
            paramLabel = "FILE[:SHARE]",
            converter = TuneOptions.SharedFile.class,
            description =
                    "Text to calibrate on, a row a line (default: the model writes its own, seeded). "
                            + "Given several times, each file gives its share of the sequences, as in books.txt:0.6, or all the same.")
    private void texts(List<DataFile> files) {
        settings = settings.texts(files);
    }

    @Option(
            names = "--ids-file",
            paramLabel = "FILE",
            description = "Exact calibration ids instead: a JSON array of arrays.")
    private void idsFile(Path file) {
        settings = settings.idsFile(file);
    }

    @Option(
            names = "--samples",
            order = 1,
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Calibration sequences in all (default: ${bundle:default.samples}, written by "
                    + "the model itself ${bundle:default.samples.written}, fewer if it is large; "
                    + "${bundle:default.samples.llm-pruner} with --compat llm-pruner).")
    private void samples(int sequences) {
        settings = settings.samples(sequences);
    }

    @Option(
            names = "--seq-len",
            order = 2,
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Tokens of each (default: ${bundle:default.seq-len}; "
                    + "${bundle:default.seq-len.llm-pruner} with --compat llm-pruner).")
    private void seqLen(int tokens) {
        settings = settings.seqLen(tokens);
    }

    CalibrationSettings settings() {
        return settings;
    }
}
