package org.espalier.cli;

import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.format.CheckpointWriter;
import org.espalier.format.Output;
import org.espalier.format.TokenizerFiles;
import org.espalier.prune.Budget;
import org.espalier.prune.Calibration;
import org.espalier.prune.Compactor;
import org.espalier.prune.Compensated;
import org.espalier.prune.PlanFile;
import org.espalier.prune.Pruning;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine prune}: scores, plans and compacts in one go. */
@Command(name = "prune", description = "Make a model smaller: score its units, choose those to remove, write what is left.",
        footer = {"", "Examples:", "  engine prune models/smollm2-135m --calibration books.txt --ratio 0.2 --out pruned",
            "  engine prune MODEL --criterion l2 --units neurons --mlp-layers 4-27 --out pruned",
            "plan.json and scores.json are left in the output folder."})
final class PruneCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;
    @Mixin
    private OutputOptions output;
    @Mixin
    private ScoreOptions score;
    @Mixin
    private BudgetOptions budget;
    @Mixin
    private CompensationOptions compensation;
    @Mixin
    private MemoryOptions memory;
    @Mixin
    private DtypeOption dtype;
    @Mixin
    private ComputeOptions compute;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "1", converter = Converters.Positive.class,
            description = "Remove in N steps, scoring what is left again before each (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Override
    void run() {
        score.complaint().ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
        compensation.complaint(score.calibrated()).or(() -> budget.complaint(score.calibrated())).ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
        output.requireFree();
        long start = System.nanoTime();
        Optional<Calibration> calibration = score.calibration(model.path());
        try (OpenModel open = OpenModel.open(model.path(), compute.open())) {
            Pruning.Result result = plan(open, calibration);
            try (Compensated compensated = compensation.compute(this, open, result.selection(), calibration)) {
                CheckpointWriter writer = new Compactor(open.checkpoint(), open.model().config(), result.selection(),
                        dtype.type()).writer(compensated);
                TokenizerFiles.of(model.path(), open.checkpoint()).forEach(writer::file);
                Output.writeFolder(output.path(), output.force(), folder -> {
                    writer.writeInto(folder);
                    Files.write(folder.resolve("plan.json"), PlanFile.bytes(result.plan()));
                    Files.write(folder.resolve("scores.json"), PlanFile.bytes(result.scores()));
                });
                report(result.plan().parametersBefore(), compensated.parameters(), (System.nanoTime() - start) / 1e9);
            }
        }
    }

    private Pruning.Result plan(OpenModel open, Optional<Calibration> calibration) {
        try (ScoreWatch watch = new ScoreWatch(this, memory)) {
            Budget what = budget.budget(open.model().config().layers().size(), score, steps);
            return new Pruning(open.checkpoint(), open.model(), watch.walking(open.checkpoint()), output.path())
                    .plan(score.method(), what, calibration);
        }
    }

    private void report(long before, long after, double seconds) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("parameters_before", before);
        result.put("parameters_after", after);
        result.put("ratio", 1 - (double) after / before);
        result.put("plan", output.path().resolve("plan.json").toString());
        result.put("seconds", seconds);
        result.put("peak_bytes", Machine.peakMemory());
        print(result, () -> "%,d of %,d parameters are left (%.2f %% removed), in %.1f s; wrote %s".formatted(after, before,
                100 * (1 - (double) after / before), seconds, output.path()));
    }
}
