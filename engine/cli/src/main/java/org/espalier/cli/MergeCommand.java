package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.ModelContent;
import org.espalier.format.ModelWriter;
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
        ModelWriter writer = output.modelWriter();
        try (Checkpoint checkpoint = Checkpoints.open(model.path());
                PeftAdapter stored = PeftAdapter.open(adapter)) {
            ModelContent content = PeftMerge.of(checkpoint, stored, dtype.type())
                    .withFiles(TokenizerFiles.of(model.path(), checkpoint));
            try (Progress progress = progress("merge", "bytes", content.bytes())) {
                writer.write(output.path(), content.reporting(progress::advance), output.force());
            }
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
