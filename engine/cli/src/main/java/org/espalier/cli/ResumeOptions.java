package org.espalier.cli;

import org.espalier.job.TuneSettings;
import picocli.CommandLine.Option;

/** How a training survives an interruption. */
@Section(Topic.TRAINING)
final class ResumeOptions {

    @Option(
            names = "--save-every",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Leave the adapter so far in the output every so many updates, for --resume to go on from.")
    private Integer saveEvery;

    @Option(
            names = "--resume",
            description =
                    "Go on from what --save-every left there, to the same adapter as if nothing had come between.")
    private boolean resume;

    /** Settings with what was asked for. */
    TuneSettings added(TuneSettings settings) {
        TuneSettings resuming = settings.resume(resume);
        return saveEvery == null ? resuming : resuming.saveEvery(saveEvery);
    }
}
