package org.espalier.cli;

import java.util.List;
import org.espalier.job.CalibrationSettings;
import org.espalier.job.DataFile;
import picocli.CommandLine.Option;

/** Texts that a command looks at if they are given, and does without otherwise. */
@Section(Topic.CALIBRATION)
final class GivenTexts {

    private CalibrationSettings settings = CalibrationSettings.defaults();

    @Section(Topic.COMMON)
    @Option(
            names = "--calibration",
            order = 2,
            paramLabel = "FILE[:SHARE]",
            converter = TuneOptions.SharedFile.class,
            description =
                    "Text by which numbers count, a row a line (default: none, all count the same). Given several "
                            + "times, each file gives its share of the sequences, as in books.txt:0.6, or all the same.")
    private void texts(List<DataFile> files) {
        settings = settings.texts(files);
    }

    @Option(
            names = "--samples",
            order = 1,
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Sequences of the texts in all (default: ${bundle:default.samples}).")
    private void samples(int sequences) {
        settings = settings.samples(sequences);
    }

    @Option(
            names = "--seq-len",
            order = 2,
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Tokens of each (default: ${bundle:default.seq-len}).")
    private void seqLen(int tokens) {
        settings = settings.seqLen(tokens);
    }

    CalibrationSettings settings() {
        return settings;
    }
}
