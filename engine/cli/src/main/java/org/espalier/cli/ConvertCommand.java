package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.job.ConvertJob;
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
        int tensors = new ConvertJob(listener(), dtype.type()).run(model.path(), output.model());
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("tensors", tensors);
        print(result, () -> "wrote %d tensors to %s".formatted(tensors, output.path()));
    }
}
