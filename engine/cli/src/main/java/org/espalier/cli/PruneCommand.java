package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.job.PruneJob;
import org.espalier.job.PruneSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code engine prune}: scores, plans and compacts in one go. */
@Command(
        name = "prune",
        description = "Make a model smaller: score its units, choose those to remove, write what is left.",
        footer = {
            "",
            "Examples:",
            "  engine prune models/smollm2-135m --out pruned",
            "  engine prune models/smollm2-135m --calibration books.txt --ratio 0.2 --out pruned",
            "  engine prune MODEL --calibration books.txt --scope divergence --target macs=0.8x --out pruned",
            "  engine prune MODEL --criterion l2 --units neurons --mlp-layers 4-27 --out pruned",
            "plan.json and scores.json are left in the output folder, and widths.json with --scope divergence."
        })
final class PruneCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Mixin
    private OutputOptions output;

    @Mixin
    private PruneOptions options;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    @Override
    void run() {
        PruneSettings settings = options.settings(seed);
        requireSound(settings);
        report(new PruneJob(compute.engine(), settings).run(model.path(), output.destination()));
    }

    private void report(PruneJob.Result pruned) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("parameters_before", pruned.before());
        result.put("parameters_after", pruned.after());
        result.put("ratio", pruned.ratio());
        result.put("plan", pruned.plan().toString());
        PlanReport.enter(pruned.kept(), result);
        PlanReport.enter(pruned.opens(), result);
        UseReport.enter(pruned.use(), result);
        print(
                result,
                () -> "%,d of %,d parameters are left (%.2f %% removed), %s; wrote %s%s%n%s"
                        .formatted(
                                pruned.after(),
                                pruned.before(),
                                100 * pruned.ratio(),
                                UseReport.text(pruned.use()),
                                output.path(),
                                PlanReport.text(pruned.kept()),
                                pruned.opens()));
    }
}
