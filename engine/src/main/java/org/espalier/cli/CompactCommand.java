package org.espalier.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.ffi.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.format.CheckpointWriter;
import org.espalier.format.Output;
import org.espalier.format.TokenizerFiles;
import org.espalier.model.ConfigReader;
import org.espalier.model.ModelConfig;
import org.espalier.prune.Compactor;
import org.espalier.prune.Plan;
import org.espalier.prune.PlanFile;
import org.espalier.prune.PlanSelection;
import org.espalier.prune.Selection;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine compact}: applies a plan. */
@Command(name = "compact", description = "Cut out of a model what a plan does not keep. The plan may have been edited.",
        footer = {"", "Example:", "  engine compact models/smollm2-135m --plan pruned/plan.json --out pruned-again"})
final class CompactCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;
    @Mixin
    private OutputOptions output;
    @Mixin
    private DtypeOption dtype;

    @Option(names = "--plan", paramLabel = "FILE", required = true, description = "What to keep, as 'engine prune' leaves it.")
    private Path plan;

    @Override
    void run() {
        Plan keep = PlanFile.read(plan);
        try (Checkpoint checkpoint = Checkpoint.open(model.path())) {
            checkSource(keep, checkpoint);
            ModelConfig config = ConfigReader.read(checkpoint.config(), model.path().toString());
            Selection selection = new PlanSelection(config, plan.toString()).removed(keep);
            CheckpointWriter writer = new Compactor(checkpoint, config, selection, dtype.type()).writer();
            TokenizerFiles.of(model.path(), checkpoint).forEach(writer::file);
            Output.writeFolder(output.path(), output.force(), folder -> {
                writer.writeInto(folder);
                Files.write(folder.resolve("plan.json"), PlanFile.bytes(keep));
            });
            SequencedMap<String, Object> result = new LinkedHashMap<>();
            result.put("parameters_before", keep.parametersBefore());
            result.put("parameters_after", selection.parametersAfter());
            result.put("out", output.path().toString());
            print(result, () -> "%,d of %,d parameters are left; wrote %s".formatted(selection.parametersAfter(),
                    keep.parametersBefore(), output.path()));
        }
    }

    private void checkSource(Plan keep, Checkpoint checkpoint) {
        String sha256 = checkpoint.sha256();
        if (!sha256.equals(keep.source().sha256())) {
            throw new Failure("plan was made for other weights (" + keep.source().path() + ", SHA-256 "
                    + keep.source().sha256() + ")", model.path() + ", SHA-256 " + sha256,
                    "use the model that the plan names, or make a plan for this one");
        }
    }
}
