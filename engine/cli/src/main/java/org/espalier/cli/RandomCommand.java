package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.job.RandomJob;
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
    private StorageOption dtype;

    @Mixin
    private SeedOption seed;

    @Override
    void run() {
        RandomJob.Result written =
                new RandomJob(listener(), dtype.type(output), seed.value()).run(config, output.model());
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("out", output.path().toString());
        result.put("parameters", written.parameters());
        result.put("weight_bytes", written.weightBytes());
        result.put("seconds", written.seconds());
        print(result, () -> "wrote %,d random parameters to %s".formatted(written.parameters(), output.path()));
    }
}
