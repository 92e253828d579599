package org.espalier.job;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.espalier.format.Conversion;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.Calibration;
import org.espalier.plan.PlanFile;

/** Scores, plans and cuts an open model: what a pruning and the whole pipeline share. */
final class Pruner {

    /** The scores' file in the folder of a pruned model. */
    private static final String SCORES = "scores.json";

    /**
     * What came of it.
     *
     * @param result plan and scores
     * @param left   the pruned model
     */
    record Pruned(Pruning.Result result, Compaction.Left left) {}

    private final PruneSettings settings;
    private final Listener listener;

    Pruner(PruneSettings settings, Listener listener) {
        this.settings = settings;
        this.listener = listener;
    }

    /**
     * Scores, plans and cuts.
     *
     * @param folder that exists and gets the pruned model, its plan and its scores
     * @param texts  to calibrate on, if any are given; else the model writes its own where it needs them
     */
    Pruned writeInto(Path folder, OpenModel open, Optional<Calibration> texts) throws IOException {
        Optional<Calibration> calibration = texts.or(() -> own(open));
        Pruning.Result result = plan(folder.resolve(".steps"), open, calibration);
        Compaction.Left left = new Compaction(open, settings.compensation(), settings.usualCompensation(), listener)
                .write(
                        result.plan(),
                        "the plan of this pruning",
                        calibration,
                        Conversion.plain(settings.dtype()),
                        content -> new SafetensorsFolder()
                                .writeInto(folder, content.withFile(SCORES, PlanFile.bytes(result.scores()))));
        return new Pruned(result, left);
    }

    /** What the model writes itself to be calibrated on, where it has to. */
    Optional<Calibration> own(OpenModel open) {
        return settings.writesOwn()
                ? Optional.of(OwnCalibration.of(
                        open,
                        settings.importance().calibration(),
                        settings.importance().method().seed(),
                        listener))
                : Optional.empty();
    }

    private Pruning.Result plan(Path scratch, OpenModel open, Optional<Calibration> calibration) {
        try (ScoreWatch watch = new ScoreWatch(settings.memory(), listener)) {
            return new Pruning(open.checkpoint(), open.model(), watch.walking(open), scratch)
                    .plan(
                            settings.importance().method(),
                            settings.budgetFor(open.model().config()),
                            calibration);
        }
    }
}
