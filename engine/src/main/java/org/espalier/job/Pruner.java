package org.espalier.job;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.espalier.cut.Compensation;
import org.espalier.format.Conversion;
import org.espalier.format.ModelContent;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Method;
import org.espalier.importance.Rankings;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Budget;
import org.espalier.plan.Goal;
import org.espalier.plan.LatencyTable;
import org.espalier.plan.PlanFile;
import org.espalier.plan.WidthTable;

/** Scores, plans and cuts an open model: what a pruning and the whole pipeline share. */
final class Pruner {

    /** The scores' file in the folder of a pruned model. */
    private static final String SCORES = "scores.json";
    /** The table of widths there, where they were chosen by one. */
    private static final String WIDTHS = "widths.json";
    /** The table of latencies there, where a latency was to be reached. */
    private static final String LATENCY = "latency.json";

    /**
     * What came of it.
     *
     * @param result plan and scores
     * @param left   the pruned model
     */
    record Pruned(Pruning.Result result, Compaction.Left left) {}

    private final PruneSettings settings;
    private final Engine engine;
    private final Listener listener;
    private final Optional<Shared> shared;

    Pruner(PruneSettings settings, Engine engine) {
        this(settings, engine, Optional.empty());
    }

    /** As above, with those who score and hold the streams of fits where that is not this process. */
    Pruner(PruneSettings settings, Engine engine, Optional<Shared> shared) {
        this.shared = shared;
        this.settings = settings;
        this.engine = engine;
        this.listener = engine.listener();
    }

    /**
     * Scores, plans and cuts.
     *
     * @param folder that exists and gets the pruned model, its plan and its scores
     * @param texts  to calibrate on, if any are given; else the model writes its own where it needs them
     */
    Pruned writeInto(Path folder, OpenModel open, Optional<Calibration> texts) throws IOException {
        Optional<Calibration> calibration = texts.or(() -> own(open));
        Optional<LatencyTable> latency = settings.budget().goal().forLatency()
                ? Optional.of(latency(folder.resolve(".latency"), open))
                : Optional.empty();
        Pruning.Result result = plan(folder.resolve(".steps"), open, calibration, latency);
        settings.budget().opening().ifPresent(tool -> tool.require(open.checkpoint(), result.selection()));
        Compaction.Left left = new Compaction(
                        open, settings.compensation(), settings.usualCompensation(), listener, shared)
                .write(
                        result.plan(),
                        "the plan of this pruning",
                        calibration,
                        Conversion.plain(settings.dtype()),
                        content -> new SafetensorsFolder().writeInto(folder, withTables(content, result, latency)));
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

    private static ModelContent withTables(
            ModelContent content, Pruning.Result result, Optional<LatencyTable> latency) {
        ModelContent timed = latency.map(table -> content.withFile(LATENCY, PlanFile.bytes(table)))
                .orElse(content);
        ModelContent scored = timed.withFile(SCORES, PlanFile.bytes(result.scores()));
        return result.widths()
                .map(table -> scored.withFile(WIDTHS, PlanFile.bytes(table)))
                .orElse(scored);
    }

    /** The table of latencies that is named, or one that is measured. */
    private LatencyTable latency(Path scratch, OpenModel open) {
        BudgetSettings budget = settings.budget();
        if (budget.goal().latency().isPresent()) {
            LatencyTable table = LatencyTable.read(budget.goal().latency().get());
            SourceCheck.requireLatency(table, open.path(), open.checkpoint());
            return table;
        }
        return new LatencyMeter(engine, settings.timing().of(budget.goal().latencyOf()), settings.dtype())
                .measure(open, budget.rounding(settings.importance().compatible()), scratch);
    }

    private Pruning.Result plan(
            Path scratch, OpenModel open, Optional<Calibration> calibration, Optional<LatencyTable> latency) {
        BudgetSettings budget =
                settings.budget().fitting(open.checkpoint(), open.model().structure());
        Goals goals = new Goals(
                open.checkpoint(),
                open.model().structure(),
                Conversion.plain(settings.dtype()),
                budget.goal().context());
        Optional<Goal> goal = budget.goal()
                .target()
                .map(target -> latency.map(table -> goals.of(
                                target,
                                table,
                                budget.goal().latencyOf(),
                                budget.goal().latency().map(Path::toString).orElse(LATENCY)))
                        .orElseGet(() -> goals.of(target)));
        TokenRemoval tokens = TokenRemoval.of(
                open.path(),
                open.checkpoint(),
                open.model().config(),
                open.model().structure(),
                budget,
                settings.importance().calibration().paths(),
                listener);
        try (ScoreWatch watch = new ScoreWatch(settings.memory(), listener, shared)) {
            Pruning.Widths widths = (scores, rankings, candidates) -> {
                watch.close();
                return widths(open, scores, rankings, candidates, calibration);
            };
            Pruning pruning = new Pruning(open.checkpoint(), open.model(), watch.walking(open), scratch, widths);
            Method method = settings.importance().method();
            PruneSettings fitting = settings.budget(budget);
            Budget usual = fitting.budgetFor(open.model().config()).reaching(goal);
            Pruning.Result result = settings.selecting() == Selecting.SCORES
                    ? pruning.plan(method, usual, calibration, tokens.selection())
                    : pruning.plan(
                            method,
                            usual,
                            calibration.orElseThrow(),
                            tokens.selection(),
                            gates(open, fitting, usual, goal));
            return result.with(tokens.enter(result.plan()));
        }
    }

    private GateLearning gates(OpenModel open, PruneSettings fitting, Budget usual, Optional<Goal> goal) {
        Budget budget = fitting.gateBudgetFor(open.model().config()).reaching(goal);
        return new GateLearning(
                open,
                budget,
                usual.normalise(),
                settings.gates(),
                settings.importance().method().seed(),
                listener);
    }

    /** The table that is named, or one that is measured on the first of the calibration sequences. */
    private WidthTable widths(
            OpenModel open,
            ScoresFile scores,
            Rankings rankings,
            Candidates candidates,
            Optional<Calibration> calibration) {
        Optional<Path> given = settings.budget().goal().widths();
        if (given.isPresent()) {
            WidthTable table = WidthTable.read(given.get());
            table.requireOf(scores, given.get().toString());
            return table;
        }
        Calibration all = calibration.orElseThrow();
        int some = Math.min(all.sequences().size(), WidthMeter.SEQUENCES);
        boolean fitted = settings.compensation().kindOr(settings.usualCompensation()) == Compensation.LSTSQ;
        return new WidthMeter(
                        open,
                        fitted ? Compensation.LSTSQ : Compensation.NONE,
                        settings.compensation().ridge().share(),
                        WidthMeter.LEVELS,
                        settings.memory(),
                        listener)
                .measure(
                        scores,
                        rankings,
                        candidates,
                        new Calibration(all.sequences().subList(0, some), all.writer()),
                        settings.importance().method().seed());
    }
}
