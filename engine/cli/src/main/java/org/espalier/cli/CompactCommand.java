package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.couple.Selection;
import org.espalier.cut.Compactor;
import org.espalier.cut.Compensated;
import org.espalier.cut.Compensation;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.format.ModelWriter;
import org.espalier.importance.Calibration;
import org.espalier.model.ModelConfig;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanFile;
import org.espalier.plan.PlanSelection;
import org.espalier.text.TokenizerFiles;
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
    private DtypeOption dtype;

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
        calibration
                .complaint()
                .or(() -> compensation.complaint(calibration.given()))
                .ifPresent(complaint -> {
                    throw wrongUsage(complaint);
                });
        ModelWriter writer = output.modelWriter();
        output.requireFree();
        Plan keep = PlanFile.read(plan);
        Optional<Calibration> sequences = calibration.given()
                ? Optional.of(calibration.read(model.path(), seed.value(), false))
                : Optional.empty();
        try (OpenModel open = compute.model(model.path())) {
            checkSource(keep, open.checkpoint());
            ModelConfig config = open.model().config();
            Selection selection = new PlanSelection(config, plan.toString()).removed(keep);
            try (Compensated compensated = compensation.compute(
                    this, open, selection, sequences, sequences.isPresent() ? Compensation.LSTSQ : Compensation.NONE)) {
                writer.write(
                        output.path(),
                        new Compactor(open.checkpoint(), config, selection, dtype.type())
                                .content(compensated)
                                .withFiles(TokenizerFiles.of(model.path(), open.checkpoint()))
                                .withFile("plan.json", PlanFile.bytes(keep)),
                        output.force());
                report(keep.parametersBefore(), compensated.parameters());
            }
        }
    }

    private void report(long before, long after) {
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("parameters_before", before);
        result.put("parameters_after", after);
        result.put("out", output.path().toString());
        print(result, () -> "%,d of %,d parameters are left; wrote %s".formatted(after, before, output.path()));
    }

    private void checkSource(Plan keep, Checkpoint checkpoint) {
        String sha256 = checkpoint.sha256();
        if (!sha256.equals(keep.source().sha256())) {
            throw new Failure(
                    "plan was made for other weights (" + keep.source().path() + ", SHA-256 "
                            + keep.source().sha256() + ")",
                    model.path() + ", SHA-256 " + sha256,
                    "use the model that the plan names, or make a plan for this one");
        }
    }
}
