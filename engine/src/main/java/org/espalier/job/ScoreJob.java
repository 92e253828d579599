package org.espalier.job;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Method;
import org.espalier.importance.Rankings;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.PlanFile;
import org.espalier.score.Ranker;

/** Scores the units of a model, one layer at a time, and writes the scores. */
public final class ScoreJob {

    /**
     * What was scored.
     *
     * @param groups of units
     * @param units  in all groups together
     * @param use    of the machine
     */
    public record Result(int groups, int units, ResourceUse use) {}

    private final Engine engine;
    private final ScoreSettings settings;

    /** Scores on the devices of {@code engine}, as {@code settings} say. */
    public ScoreJob(Engine engine, ScoreSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Scores.
     *
     * @param model a checkpoint folder or a GGUF file
     * @param out   file for the scores
     * @throws org.espalier.error.Failure if there is not enough memory, or a score is not a number
     */
    public Result run(Path model, Destination out) {
        settings.requireSound();
        out.requireFree(model);
        long start = System.nanoTime();
        Candidates candidates = settings.candidates();
        Method method = settings.importance().method();
        Optional<Calibration> texts = settings.importance().sequences(model);
        try (MemoryWatch memory = new MemoryWatch();
                OpenModel open = engine.open(model);
                ScoreWatch watch = new ScoreWatch(
                        settings.memory(),
                        engine.listener(),
                        Shared.of(engine, ModelPlace.of(model, Optional.empty())))) {
            Optional<Calibration> calibration = settings.importance().writesOwn(candidates)
                    ? Optional.of(OwnCalibration.of(
                            open, settings.importance().calibration(), method.seed(), engine.listener()))
                    : texts;
            Rankings rankings = Ranker.of(
                    open.model(),
                    watch.walking(open),
                    method,
                    candidates,
                    calibration.map(Calibration::sequences).orElse(List.of()));
            ScoresFile file = ScoresFile.of(open.checkpoint(), open.model(), method, candidates, calibration, rankings);
            PlanFile.write(file, out.path(), out.replace());
            return new Result(
                    file.groups().size(),
                    file.groups().stream().mapToInt(s -> s.scores().length).sum(),
                    ResourceUse.since(start, memory, open));
        }
    }
}
