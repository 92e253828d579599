package org.espalier.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.espalier.format.Checkpoint;
import org.espalier.format.Conversion;
import org.espalier.format.TokenizerFiles;
import org.espalier.tensor.DType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine convert}: writes a model as a folder of safetensors. */
@Command(name = "convert", description = "Write a model as a folder of safetensors with its configuration and tokenizer.",
        footer = {"", "Examples:", "  engine convert model.gguf --out model-bf16 --dtype bf16",
            "  engine convert models/stories260K --out copy --force"})
final class ConvertCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Mixin
    private OutputOptions output;

    @Option(names = "--dtype", paramLabel = "T",
            description = "f32, bf16 or f16 (default: as stored, quantised weights as f32, which holds them exactly).")
    private Type type;

    /** The types that safetensors hold here. */
    private enum Type {
        F32, BF16, F16;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Override
    void run() {
        if (output.path().toString().endsWith(".gguf")) {
            throw wrongUsage("--out must name a folder for safetensors, not a .gguf file");
        }
        try (Checkpoint checkpoint = Checkpoint.open(model.path());
                Progress progress = progress("convert", "bytes", checkpoint.weightBytes())) {
            Optional<DType> to = Optional.ofNullable(type).map(t -> DType.valueOf(t.name()));
            long[] before = {0};
            Conversion.toSafetensors(checkpoint, output.path(), to,
                    checkpoint.ggufMetadata().isPresent() ? TokenizerFiles.of(model.path(), checkpoint) : Map.of(),
                    output.force(), (tensor, done, total) -> {
                        progress.advance(done - before[0]);
                        before[0] = done;
                    });
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("out", output.path().toString());
            result.put("tensors", checkpoint.tensors().size());
            print(result, () -> "wrote %d tensors to %s".formatted(checkpoint.tensors().size(), output.path()));
        }
    }
}
