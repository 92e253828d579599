package org.espalier.job;

import java.nio.file.Path;
import java.util.Arrays;
import org.espalier.importance.Criterion;
import org.espalier.importance.ScoresFile;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.espalier.plan.Planner;
import org.espalier.report.RunFolder;

/** Chooses what goes by scores that were written, and writes the choice as a plan. */
public final class PlanJob {

    private final PlanSettings settings;

    /** Chooses as {@code settings} say; nothing is computed on a device. */
    public PlanJob(PlanSettings settings) {
        this.settings = settings;
    }

    /**
     * Plans.
     *
     * @param model  that the scores are of
     * @param scores as {@link ScoreJob} or {@link PruneJob} writes them
     * @param out    file for the plan
     * @throws org.espalier.error.Failure if the scores are of another model, or not as much may go as asked for
     */
    public Plan run(Path model, Path scores, Destination out) {
        settings.requireSound();
        out.requireFree(model, scores);
        ScoresFile file = RunFolder.scores(scores);
        try (ModelCheckpoint checkpoint = ModelCheckpoint.open(model)) {
            SourceCheck.require(
                    file.source(),
                    model,
                    checkpoint,
                    "scores are of other weights",
                    "use the model that the scores name, or score this one");
            ModelConfig config = checkpoint.model();
            boolean standardised = Arrays.stream(Criterion.values())
                    .anyMatch(c -> c.standardised() && c.name().equalsIgnoreCase(file.criterion()));
            Plan plan = new Planner(
                            config,
                            settings.budget()
                                    .budget(config, settings.blockCriterion(), settings.compatible(), standardised, 1))
                    .plan(file, scores.toString());
            PlanFile.write(plan, out.path(), out.replace());
            return plan;
        }
    }
}
