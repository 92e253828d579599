package org.espalier.job;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.espalier.couple.Group.Role;
import org.espalier.cut.Compensation;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Rankings;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.PlanFile;
import org.espalier.plan.WidthTable;
import org.espalier.report.RunFolder;

/** Measures what narrowing each branch of a model does to its predictions, and writes it as a table that plans are made by. */
public final class WidthsJob {

    /**
     * What was measured.
     *
     * @param table  that was written
     * @param sha256 of its file
     * @param use    of the machine
     */
    public record Result(WidthTable table, String sha256, ResourceUse use) {}

    private final Engine engine;
    private final WidthsSettings settings;

    /** Measures on the devices of {@code engine}, as {@code settings} say. */
    public WidthsJob(Engine engine, WidthsSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Measures.
     *
     * @param model  that the scores are of
     * @param scores as {@link ScoreJob} or {@link PruneJob} writes them: the order in which units go
     * @param out    file for the table
     * @throws org.espalier.error.Failure if the scores are of another model, or a branch cannot be run by itself
     */
    public Result run(Path model, Path scores, Destination out) {
        settings.requireSound();
        out.requireFree(model, scores);
        long start = System.nanoTime();
        ScoresFile file = RunFolder.scores(scores);
        Optional<Calibration> texts = settings.calibration().read(model, settings.seed(), false);
        try (MemoryWatch watch = new MemoryWatch();
                OpenModel open = engine.open(model)) {
            SourceCheck.requireScores(file, model, open.checkpoint());
            Candidates candidates = Unit.candidates(settings.units().orElse(usual(file)), BlockCriterion.POSITION);
            Rankings rankings = file.rankings(open.model().structure(), candidates, scores.toString());
            Calibration calibration = texts.orElseGet(
                    () -> OwnCalibration.of(open, settings.calibration(), settings.seed(), engine.listener()));
            WidthTable table = new WidthMeter(
                            open,
                            settings.compensation().kindOr(Compensation.LSTSQ),
                            settings.compensation().ridge().share(),
                            settings.levels(),
                            settings.memory(),
                            engine.listener())
                    .measure(file, rankings, candidates, calibration, settings.seed());
            PlanFile.write(table, out.path(), out.replace());
            return new Result(table, PlanFile.sha256(table), ResourceUse.since(start, watch, open));
        }
    }

    private static List<Unit> usual(ScoresFile file) {
        boolean queries =
                file.groups().stream().anyMatch(group -> group.role().equals(ScoresFile.name(Role.QUERY_HEADS)));
        return List.of(queries ? Unit.QUERY_HEADS : Unit.KV_HEADS, Unit.NEURONS);
    }
}
