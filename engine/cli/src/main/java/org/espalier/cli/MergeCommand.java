package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.format.Checkpoint;
import org.espalier.format.PeftAdapter;
import org.espalier.format.PeftMerge;
import org.espalier.text.TokenizerFiles;
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
    private DtypeOption dtype;

    @Override
    void run() {
        if (output.path().toString().endsWith(".gguf")) {
            throw wrongUsage("--out must name a folder for safetensors, not a .gguf file");
        }
        try (Checkpoint checkpoint = Checkpoint.open(model.path());
                PeftAdapter stored = PeftAdapter.open(adapter);
                Progress progress = progress("merge", "bytes", checkpoint.weightBytes())) {
            PeftMerge.toSafetensors(
                    checkpoint,
                    stored,
                    output.path(),
                    dtype.type(),
                    checkpoint.ggufMetadata().isPresent() ? TokenizerFiles.of(model.path(), checkpoint) : Map.of(),
                    output.force(),
                    (tensor, done, total) -> progress.reach(done));
            int merged = stored.projections().size();
            SequencedMap<String, Object> result = new LinkedHashMap<>();
            result.put("out", output.path().toString());
            result.put("tensors", checkpoint.tensors().size());
            result.put("merged", merged);
            print(
                    result,
                    () -> "wrote %d tensors, %d of them with the adapter, to %s"
                            .formatted(checkpoint.tensors().size(), merged, output.path()));
        }
    }
}
