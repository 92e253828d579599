package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.job.CompactJob;
import org.espalier.job.CompactSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine compact}: applies a plan. */
@Command(
        name = "compact",
        description = "Cut out of a model what a plan does not keep. The plan may have been edited.",
        footer = {
            "",
            "Examples:",
            "  engine compact models/smollm2-135m --plan pruned/plan.json --out pruned-again",
            "  engine compact MODEL --plan edited.json --compensate lstsq --calibration books.txt --samples 128 \\",
            "      --seq-len 128 --out pruned"
        })
final class CompactCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Mixin
    private OutputOptions output;

    @Mixin
    private CompensationOptions compensation;

    @Mixin
    private CalibrationOptions calibration;

    @Mixin
    private SeedOption seed;

    @Mixin
    private StorageOption dtype;

    @Mixin
    private ComputeOptions compute;

    @Option(
            names = "--plan",
            paramLabel = "FILE",
            required = true,
            description = "What to keep, as 'engine prune' leaves it.")
    private Path plan;

    @Override
    void run() {
        CompactSettings settings = CompactSettings.defaults()
                .calibration(calibration.settings())
                .compensation(compensation.settings())
                .seed(seed.value());
        CompactSettings whole = dtype.type(output).map(settings::dtype).orElse(settings);
        requireSound(whole);
        report(new CompactJob(compute.engine(), whole).run(model.path(), plan, output.model()));
    }

    private void report(CompactJob.Result left) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("parameters_before", left.before());
        result.put("parameters_after", left.after());
        result.put("out", output.path().toString());
        PlanReport.enter(left.plan(), result);
        PlanReport.enter(left.opens(), result);
        print(
                result,
                () -> "%,d of %,d parameters are left; wrote %s%n%s"
                        .formatted(left.after(), left.before(), output.path(), left.opens()));
    }
}
