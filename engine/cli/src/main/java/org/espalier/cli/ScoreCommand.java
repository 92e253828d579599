package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.cli.BudgetOptions.Unit;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Method;
import org.espalier.importance.Rankings;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.PlanFile;
import org.espalier.score.Ranker;
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

    @Mixin
    private ModelArgument model;

    @Mixin
    private OutputOptions output;

    @Mixin
    private ScoreOptions score;

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
            defaultValue = "kv_heads,query_heads,neurons",
            description = "What to score, with commas: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private List<Unit> units;

    @Section(Topic.SCORING)
    @Option(
            names = "--block-score",
            paramLabel = "C",
            defaultValue = "cosine",
            description =
                    "How attention, mlp and layers are scored: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private BlockCriterion blockCriterion;

    @Override
    void run() {
        Candidates candidates = Unit.candidates(units, blockCriterion);
        score.complaint(candidates).ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
        Method method = score.method(seed.value());
        output.requireFree();
        long start = System.nanoTime();
        Optional<Calibration> calibration = score.calibration(model.path(), seed.value());
        try (MemoryWatch took = new MemoryWatch();
                OpenModel open = compute.model(model.path());
                ScoreWatch watch = new ScoreWatch(this, memory)) {
            Rankings rankings = Ranker.of(
                    open.model(),
                    watch.walking(open),
                    method,
                    candidates,
                    calibration.map(Calibration::sequences).orElse(List.of()));
            ScoresFile file = ScoresFile.of(open.checkpoint(), open.model(), method, candidates, calibration, rankings);
            PlanFile.write(file, output.path(), output.force());
            report(file.groups(), Taken.since(start, took, open));
        }
    }

    private void report(List<ScoresFile.Group> scores, Taken taken) {
        int count = scores.stream().mapToInt(s -> s.scores().length).sum();
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("groups", scores.size());
        result.put("units", count);
        taken.enter(result);
        print(
                result,
                () -> "scored %,d units in %,d groups %s; wrote %s"
                        .formatted(count, scores.size(), taken, output.path()));
    }
}
