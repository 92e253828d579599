package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.job.ConvertAdapterJob;
import org.espalier.job.ConvertJob;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine convert}: writes a model as a folder of safetensors or as a GGUF file. */
@Command(
        name = "convert",
        description = "Write a model as a folder of safetensors with its configuration and tokenizer, or as one .gguf "
                + "file for llama.cpp; or a LoRA adapter in PEFT's form as a .gguf file.",
        footer = {
            "",
            "In a .gguf file vectors are f32 whatever --dtype says, and matrices whose rows are not whole blocks of a",
            "quantised type have the type that llama.cpp falls back to, or f16; they are named. q4_k_m is llama.cpp's mixture.",
            "'engine quantize' weighs errors by what texts show, and measures them. A model whose layers differ in their",
            "sizes has llama.cpp's architecture deci.",
            "",
            "Examples:",
            "  engine convert model.gguf --out model-bf16 --dtype bf16",
            "  engine convert pruned --out pruned.gguf --dtype q8_0",
            "  engine convert adapter --base pruned --out adapter.gguf",
            "  engine convert models/stories260K --out copy --force"
        })
final class ConvertCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Mixin
    private OutputOptions output;

    @Mixin
    private StorageOption dtype;

    @Option(
            names = "--base",
            paramLabel = "MODEL",
            description = "Of an adapter, the model that it is of (default: the folder that it names).")
    private Path base;

    @Override
    void run() {
        if (ConvertAdapterJob.isAdapter(model.path())) {
            convertAdapter();
            return;
        }
        if (base != null) {
            throw wrongUsage("--base goes with an adapter, and " + model.path() + " is none");
        }
        int tensors = new ConvertJob(listener(), dtype.type(output)).run(model.path(), output.model());
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("tensors", tensors);
        print(result, () -> "wrote %d tensors to %s".formatted(tensors, output.path()));
    }

    private void convertAdapter() {
        ConvertAdapterJob job = new ConvertAdapterJob(dtype.type(output));
        job.complaint(output.destination()).ifPresent(complaint -> {
            throw wrongUsage(complaint);
        });
        int tensors = job.run(model.path(), Optional.ofNullable(base), output.destination());
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("tensors", tensors);
        print(result, () -> "wrote %d matrices of the adapter to %s".formatted(tensors, output.path()));
    }
}
