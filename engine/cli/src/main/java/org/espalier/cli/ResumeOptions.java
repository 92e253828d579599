package org.espalier.cli;

import java.nio.file.Path;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.espalier.error.Failure;
import org.espalier.report.Comparison;
import org.espalier.report.TrainingFile;
import org.espalier.tune.LoraTraining;
import org.espalier.tune.OptimizerFile;
import picocli.CommandLine.Option;

/** How a training survives an interruption. */
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

    boolean resumes() {
        return resume;
    }

    /** Whether the output may stand there already, or comes to stand there before the training is over. */
    boolean replaces() {
        return resume || saveEvery != null;
    }

    /** Whether the training is to be left as it is after so many updates. */
    boolean savesAfter(int steps) {
        return saveEvery != null && steps % saveEvery == 0;
    }

    /**
     * Makes a training go on from what was left in a folder.
     *
     * @throws Failure if nothing was left there, or it belongs to another training
     */
    static void resume(Path folder, TrainingFile.Origin origin, LoraTraining training) {
        if (!OptimizerFile.isIn(folder)) {
            throw new Failure(
                    "no unfinished training to resume",
                    folder.toString(),
                    "start it without --resume, with --save-every to be able to go on later");
        }
        TrainingFile left = TrainingFile.read(folder);
        if (!origin.equals(left.origin()) || left.training().seconds() == null) {
            throw new Failure(
                    "the training there was begun with another model, other texts or other settings",
                    folder.resolve(TrainingFile.NAME).toString(),
                    "repeat the command that began it, with --resume");
        }
        SequencedMap<Integer, Double> heldOut = new TreeMap<>();
        left.training().evalLosses().forEach(p -> heldOut.put(p.step(), p.loss()));
        training.resume(
                folder,
                left.training().losses().stream().map(Comparison.Point::loss).toList(),
                heldOut,
                left.training().seconds());
    }
}
