package org.espalier.job;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.espalier.couple.Structure;
import org.espalier.format.Checkpoint;
import org.espalier.importance.Criterion;
import org.espalier.importance.ScoresFile;
import org.espalier.model.ModelCheckpoint;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.plan.Budget;
import org.espalier.plan.Frontier;
import org.espalier.plan.Goal;
import org.espalier.plan.Goal.Quantity;
import org.espalier.plan.LatencyTable;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.espalier.plan.PlanSelection;
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
            Tables tables = new Tables(settings.budget(), file, model, checkpoint);
            Planning planning = planning(
                    tables,
                    model,
                    checkpoint,
                    file,
                    (goals, chosen) -> chosen.goal()
                            .target()
                            .map(target -> tables.latency
                                    .map(table -> goals.of(
                                            target, table, chosen.goal().latencyOf(), tables.where()))
                                    .orElseGet(() -> goals.of(target))));
            Plan plan =
                    planning.tokens.enter(planning.planner.plan(file, scores.toString(), planning.tokens.selection()));
            settings.budget()
                    .opening()
                    .ifPresent(tool ->
                            tool.require(checkpoint, new PlanSelection(checkpoint.model(), "the plan").removed(plan)));
            PlanFile.write(plan, out.path(), out.replace());
            return plan;
        }
    }

    /**
     * Finds what can be had by a table of widths: the plans that no other one beats.
     *
     * @param quantity that is to be small
     * @param plans    at most
     * @throws org.espalier.error.Failure as {@link #run}
     */
    public Frontier frontier(Path model, Path scores, Quantity quantity, int plans) {
        settings.requireSound();
        ScoresFile file = RunFolder.scores(scores);
        try (ModelCheckpoint checkpoint = ModelCheckpoint.open(model)) {
            SourceCheck.requireScores(file, model, checkpoint);
            Tables tables = new Tables(settings.budget(), file, model, checkpoint);
            Planning planning = planning(
                    tables,
                    model,
                    checkpoint,
                    file,
                    (goals, chosen) -> Optional.of(goals.everything(
                            quantity, tables.latency.orElse(null), chosen.goal().latencyOf(), tables.where())));
            return Frontier.of(planning.planner.frontier(file, plans, scores.toString(), planning.tokens.selection()));
        }
    }

    /** What chooses, after the tokens that go whatever it chooses. */
    private record Planning(Planner planner, TokenRemoval tokens) {}

    private Planning planning(
            Tables tables,
            Path model,
            ModelCheckpoint checkpoint,
            ScoresFile file,
            BiFunction<Goals, BudgetSettings, Optional<Goal>> goal) {
        ModelConfig config = checkpoint.model();
        boolean standardised = Arrays.stream(Criterion.values())
                .anyMatch(c -> c.standardised() && c.name().equalsIgnoreCase(file.criterion()));
        Structure structure = Structure.of(new Transformer(config).shape());
        BudgetSettings fitting = settings.budget().fitting(checkpoint, structure);
        BudgetSettings chosen = tables.widths.map(fitting::following).orElse(fitting);
        Goals goals = new Goals(
                checkpoint,
                structure,
                (name, shape, stored) -> stored,
                chosen.goal().context());
        Budget budget = chosen.budget(config, settings.blockCriterion(), settings.compatible(), standardised, 1)
                .reaching(goal.apply(goals, chosen));
        Planner planner = new Planner(config, structure, budget);
        TokenRemoval tokens = TokenRemoval.of(model, checkpoint, config, structure, chosen, List.of(), Listener.NONE);
        return new Planning(tables.widths.map(planner::with).orElse(planner), tokens);
    }

    /** Tables that are named, each of this model. */
    private static final class Tables {

        private final Optional<WidthTable> widths;
        private final Optional<LatencyTable> latency;
        private final Optional<Path> latencyFile;

        Tables(BudgetSettings budget, ScoresFile scores, Path model, Checkpoint checkpoint) {
            widths = budget.goal().widths().map(WidthTable::read);
            widths.ifPresent(table ->
                    table.requireOf(scores, budget.goal().widths().get().toString()));
            latencyFile = budget.goal().latency();
            latency = latencyFile.map(LatencyTable::read);
            latency.ifPresent(table -> SourceCheck.requireLatency(table, model, checkpoint));
        }

        /** Where latencies are from, for messages. */
        String where() {
            return latencyFile.map(Path::toString).orElse("");
        }
    }
}
