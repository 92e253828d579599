package org.espalier.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.file.Json;
import org.espalier.format.ModelContent;
import org.espalier.format.ModelWriter;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.Transformer;
import org.espalier.tensor.DType;
import org.espalier.tune.RandomCheckpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code engine random}: a checkpoint of fresh weights for a configuration. */
@Command(
        name = "random",
        description = "Write a checkpoint of random weights for a configuration, to try what a model of "
                + "that size needs. A large one is sharded, and written piece by piece.",
        footer = {
            "",
            "Examples:",
            "  engine random llama-7b/config.json --out llama-7b-random",
            "  engine random config.json --out small --dtype f32 --seed 7"
        })
final class RandomCommand extends EngineCommand {

    @Parameters(paramLabel = "CONFIG", description = "A config.json, or a folder with one.")
    private Path config;

    @Mixin
    private OutputOptions output;

    @Mixin
    private DtypeOption dtype;

    @Mixin
    private SeedOption seed;

    @Override
    void run() {
        ModelWriter writer = output.modelWriter();
        output.requireFree();
        long start = System.nanoTime();
        Path file = Files.isDirectory(config) ? config.resolve("config.json") : config;
        ObjectNode json = Json.readObject(file);
        ModelConfig sizes = Architectures.read(json, file.toString());
        DType type = dtype.type().orElse(DType.BF16);
        long parameters = new Transformer(sizes).shape().parameterCount();
        try (Progress progress = progress("writing", "bytes", type.bytes(parameters))) {
            ModelContent content = RandomCheckpoint.of(json, sizes, type, seed.value());
            writer.write(output.path(), content.reporting(progress::advance), output.force());
        }
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("parameters", parameters);
        result.put("weight_bytes", type.bytes(parameters));
        result.put("seconds", (System.nanoTime() - start) / 1e9);
        print(result, () -> "wrote %,d random parameters to %s".formatted(parameters, output.path()));
    }
}
