package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.Conversion;
import org.espalier.format.ModelContent;
import org.espalier.format.ModelWriter;
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
        ModelWriter writer = output.modelWriter();
        try (Checkpoint checkpoint = Checkpoints.open(model.path())) {
            ModelContent content =
                    Conversion.of(checkpoint, dtype.type()).withFiles(TokenizerFiles.of(model.path(), checkpoint));
            try (Progress progress = progress("convert", "bytes", content.bytes())) {
                writer.write(output.path(), content.reporting(progress::advance), output.force());
            }
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
