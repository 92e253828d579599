package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.espalier.job.ScoreJob;
import org.espalier.job.ScoreSettings;
import org.espalier.job.Unit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine score}: what every unit of a model is worth, as a file. */
@Command(
        name = "score",
        description = "Score the units of a model, one layer at a time, and write the scores.",
        footer = {
            "",
            "Examples:",
            "  engine score models/smollm2-135m --calibration books.txt --out scores.json",
            "  engine score MODEL --criterion param_mix --ids-file ids.json --memory 6g --out scores.json",
            "  engine score MODEL --criterion l2 --units channels --out scores.json"
        })
final class ScoreCommand extends EngineCommand {

    private ScoreSettings settings = ScoreSettings.defaults();

    @Mixin
    private ModelArgument model;

    @Mixin
    private OutputOptions output;

    @Mixin
    private ImportanceOptions importance;

    @Mixin
    private SeedOption seed;

    @Mixin
    private MemoryOptions memory;

    @Mixin
    private ComputeOptions compute;

    @Option(
            names = "--units",
            paramLabel = "U",
            split = ",",
            description =
                    "What to score, with commas: ${COMPLETION-CANDIDATES} (default: ${bundle:default.score-units}).")
    private void units(List<Unit> units) {
        settings = settings.units(units);
    }

    @Override
    void run() {
        settings = settings.importance(importance.settings(seed)).memory(memory.settings());
        requireSound(settings);
        report(new ScoreJob(compute.engine(), settings).run(model.path(), output.destination()));
    }

    private void report(ScoreJob.Result scored) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("groups", scored.groups());
        result.put("units", scored.units());
        UseReport.enter(scored.use(), result);
        print(
                result,
                () -> "scored %,d units in %,d groups %s; wrote %s"
                        .formatted(scored.units(), scored.groups(), UseReport.text(scored.use()), output.path()));
    }
}
