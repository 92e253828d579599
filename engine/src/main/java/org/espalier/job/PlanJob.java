package org.espalier.job;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.espalier.couple.Structure;
import org.espalier.importance.Criterion;
import org.espalier.importance.ScoresFile;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.plan.Budget;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.espalier.plan.Planner;
import org.espalier.plan.WidthTable;
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
            SourceCheck.requireScores(file, model, checkpoint);
            ModelConfig config = checkpoint.model();
            boolean standardised = Arrays.stream(Criterion.values())
                    .anyMatch(c -> c.standardised() && c.name().equalsIgnoreCase(file.criterion()));
            Optional<WidthTable> table = settings.budget().widths().map(path -> widths(path, file));
            BudgetSettings chosen = table.map(settings.budget()::following).orElse(settings.budget());
            Structure structure = Structure.of(new Transformer(config).shape());
            Budget budget = chosen.budget(config, settings.blockCriterion(), settings.compatible(), standardised, 1);
            Goals goals = new Goals(checkpoint, structure, (name, shape, stored) -> stored, chosen.context());
            Planner planner = new Planner(
                    config, structure, budget.reaching(chosen.target().map(goals::of)));
            TokenRemoval tokens =
                    TokenRemoval.of(model, checkpoint, config, structure, chosen, List.of(), Listener.NONE);
            Plan plan = tokens.enter(
                    table.map(planner::with).orElse(planner).plan(file, scores.toString(), tokens.selection()));
            PlanFile.write(plan, out.path(), out.replace());
            return plan;
        }
    }

    private static WidthTable widths(Path path, ScoresFile scores) {
        WidthTable table = WidthTable.read(path);
        table.requireOf(scores, path.toString());
        return table;
    }
}
