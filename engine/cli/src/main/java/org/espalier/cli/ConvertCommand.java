package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.format.Checkpoint;
import org.espalier.format.Conversion;
import org.espalier.text.TokenizerFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code engine convert}: writes a model as a folder of safetensors. */
@Command(
        name = "convert",
        description = "Write a model as a folder of safetensors with its configuration and tokenizer.",
        footer = {
            "",
            "Examples:",
            "  engine convert model.gguf --out model-bf16 --dtype bf16",
            "  engine convert models/stories260K --out copy --force"
        })
final class ConvertCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

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
                Progress progress = progress("convert", "bytes", checkpoint.weightBytes())) {
            Conversion.toSafetensors(
                    checkpoint,
                    output.path(),
                    dtype.type(),
                    checkpoint.ggufMetadata().isPresent() ? TokenizerFiles.of(model.path(), checkpoint) : Map.of(),
                    output.force(),
                    (tensor, done, total) -> progress.reach(done));
            SequencedMap<String, Object> result = new LinkedHashMap<>();
            result.put("out", output.path().toString());
            result.put("tensors", checkpoint.tensors().size());
            print(
                    result,
                    () -> "wrote %d tensors to %s"
                            .formatted(checkpoint.tensors().size(), output.path()));
        }
    }
}
