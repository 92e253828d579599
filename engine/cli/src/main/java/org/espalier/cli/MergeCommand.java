package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.job.MergeJob;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code engine merge}: adds an adapter to the weights it was trained beside. */
@Command(
        name = "merge",
        description = "Write a model with a LoRA adapter added to its weights: W + scale B A.",
        footer = {
            "",
            "The result is rounded to the type it is stored in; --dtype f32 keeps the adapter's full effect.",
            "",
            "Examples:",
            "  engine merge models/smollm2-135m adapter --out recovered",
            "  engine merge pruned adapter --out recovered --dtype f32 --force"
        })
final class MergeCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Parameters(index = "1", paramLabel = "ADAPTER", description = "Folder of a LoRA adapter in PEFT's form.")
    private Path adapter;

    @Mixin
    private OutputOptions output;

    @Mixin
    private StorageOption dtype;

    @Override
    void run() {
        MergeJob.Result written =
                new MergeJob(listener(), dtype.type(output)).run(model.path(), adapter, output.model());
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("tensors", written.tensors());
        result.put("merged", written.merged());
        print(
                result,
                () -> "wrote %d tensors, %d of them with the adapter, to %s"
                        .formatted(written.tensors(), written.merged(), output.path()));
    }
}
