package org.espalier.job;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.couple.Selection;
import org.espalier.cut.Compactor;
import org.espalier.file.Output;
import org.espalier.file.WriteFailure;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Method;
import org.espalier.importance.Rankings;
import org.espalier.importance.ScoresFile;
import org.espalier.model.Model;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.plan.Plan;
import org.espalier.plan.Planner;
import org.espalier.plan.WidthTable;
import org.espalier.score.ModelScores;
import org.espalier.score.Ranker;

/** Scores, allocates and plans: from an opened model to what is to be cut out of it. */
public final class Pruning {

    /**
     * A plan with what led to it.
     *
     * @param plan      what is kept
     * @param scores    of the units that could go, each as it was last computed
     * @param selection the units that go
     * @param widths    the table that widths were chosen by, if they were
     */
    public record Result(Plan plan, ScoresFile scores, Selection selection, Optional<WidthTable> widths) {

        /** The same with a plan that says more. */
        Result with(Plan other) {
            return new Result(other, scores, selection, widths);
        }
    }

    /** Has a table of widths, where widths are chosen by one. */
    @FunctionalInterface
    interface Widths {

        /** The table of what may go. */
        WidthTable of(ScoresFile scores, Rankings rankings, Candidates candidates);
    }

    private final Checkpoint checkpoint;
    private final Model model;
    private final ModelScores.Walking walking;
    private final Path scratch;
    private final Widths widths;

    /**
     * @param walking how the model is walked for its scores
     * @param scratch where a folder can be, beside which what is left between steps is written; it is gone afterwards
     */
    public Pruning(Checkpoint checkpoint, Model model, ModelScores.Walking walking, Path scratch) {
        this(checkpoint, model, walking, scratch, (scores, rankings, candidates) -> {
            throw new IllegalStateException("there is no table of widths");
        });
    }

    /** As above, where widths may be chosen by a table. */
    Pruning(Checkpoint checkpoint, Model model, ModelScores.Walking walking, Path scratch, Widths widths) {
        this.widths = widths;
        this.checkpoint = checkpoint;
        this.model = model;
        this.walking = walking;
        this.scratch = scratch;
    }

    /**
     * Plans a pruning, in as many steps as the budget says: before each but the first, what is left is scored again.
     *
     * @param calibration what to score on; not looked at by criteria that need none
     * @throws org.espalier.error.Failure if nothing may go, or not as much as asked for
     */
    public Result plan(Method method, Budget budget, Optional<Calibration> calibration) {
        return plan(method, budget, calibration, new Selection(model.structure()));
    }

    /**
     * As above, where something goes whatever the budget says; the budget's ratio is of everything, with it.
     *
     * @param gone what goes
     */
    public Result plan(Method method, Budget budget, Optional<Calibration> calibration, Selection gone) {
        List<int[]> sequences = calibration.map(Calibration::sequences).orElse(List.of());
        Planner planner = new Planner(model.config(), model.structure(), budget);
        if (budget.candidates().none()) {
            return result(planner, gone, method, budget, calibration, new Rankings(List.of(), List.of()));
        }
        Rankings rankings = Ranker.of(model, walking, method, budget.candidates(), sequences);
        if (budget.scope() == Scope.DIVERGENCE) {
            ScoresFile file = ScoresFile.of(checkpoint, model, method, budget.candidates(), calibration, rankings);
            WidthTable table = widths.of(file, rankings, budget.candidates());
            planner = planner.with(table);
            Selection selection = planner.select(rankings, gone, 1);
            return new Result(planner.plan(selection, file), file, selection, Optional.of(table));
        }
        int steps = budget.amount().steps();
        Selection selection = planner.select(rankings, gone, 1.0 / steps);
        for (int step = 2; step <= steps; step++) {
            if (!selection.isEmpty()) {
                rankings = rankings.updated(rescored(selection, method, budget.candidates(), sequences), selection);
            }
            selection = planner.select(rankings, selection, (double) step / steps);
        }
        return result(planner, selection, method, budget, calibration, rankings);
    }

    /**
     * Plans a pruning of which gates decide what goes; they begin from scores, which are what {@link Result#scores} has.
     *
     * @param budget for scores
     * @param gone   what goes whatever the budget says
     * @param gates  learns them
     * @throws org.espalier.error.Failure as {@link #plan}, or if a loss is not finite
     */
    Result plan(Method method, Budget budget, Calibration calibration, Selection gone, GateLearning gates) {
        Optional<Calibration> texts = Optional.of(calibration);
        if (budget.candidates().none()) {
            return plan(method, budget, texts, gone);
        }
        Rankings rankings = Ranker.of(model, walking, method, budget.candidates(), calibration.sequences());
        Planner planner = new Planner(model.config(), model.structure(), gates.budget());
        GateLearning.Chosen chosen = gates.choose(planner, rankings, gone, calibration);
        Result result = result(planner, chosen.selection(), method, budget, texts, rankings);
        return result.with(result.plan().with(chosen.record()));
    }

    private Result result(
            Planner planner,
            Selection selection,
            Method method,
            Budget budget,
            Optional<Calibration> calibration,
            Rankings rankings) {
        ScoresFile file = ScoresFile.of(checkpoint, model, method, budget.candidates(), calibration, rankings);
        return new Result(planner.plan(selection, file), file, selection, Optional.empty());
    }

    /**
     * Scores of what is left, in its own numbering, with all tokens, which the sequences are made of. It is written aside, so that it may
     * be larger than memory.
     */
    private Rankings rescored(Selection gone, Method method, Candidates candidates, List<int[]> sequences) {
        Selection selection = gone.withWholeVocabulary();
        try (Output left = Output.folder(scratch, true)) {
            new SafetensorsFolder()
                    .writeInto(
                            left.path(),
                            new Compactor(checkpoint, model.config(), selection, Optional.empty()).content());
            try (Checkpoint smaller = Checkpoints.open(left.path());
                    Model opened = Model.open(smaller, model.backend())) {
                // Others have not what is left here.
                return Ranker.of(opened, walking.alone(), method, candidates.after(selection), sequences);
            }
        } catch (IOException e) {
            throw WriteFailure.of(e, scratch);
        }
    }
}
