package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.espalier.job.Engine;
import org.espalier.job.LogitsJob;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code engine logits}: what a model expects after each of the given ids. */
@Command(
        name = "logits",
        description = "Write the logits after each of the given token ids.",
        footer = {
            "",
            "Examples:",
            "  engine logits models/stories260K --ids 1,403,407 --out logits.safetensors",
            "  engine logits model.gguf --ids-file ids.json --out logits.safetensors --backend reference"
        })
final class LogitsCommand extends EngineCommand {

    @Mixin
    private ModelArgument model;

    @Mixin
    private AdapterOption adapter;

    @ArgGroup(multiplicity = "1")
    private Ids ids;

    @Mixin
    private OutputOptions output;

    @Mixin
    private ComputeOptions compute;

    @Option(
            names = "--backend",
            paramLabel = "B",
            converter = BackendName.class,
            description = "cpu, reference (scalar float64, slow) or cuda, in place of --device.")
    private String backend;

    /** The one or the other. */
    static final class Ids {

        @Option(
                names = "--ids",
                paramLabel = "I,I,...",
                required = true,
                converter = TokenIds.Converter.class,
                description = "Token ids, for example 1,403,407.")
        private TokenIds list;

        @Option(
                names = "--ids-file",
                paramLabel = "F",
                required = true,
                description = "JSON file with an array of token ids.")
        private Path file;
    }

    @Override
    void run() {
        int[] tokens = (ids.file == null ? ids.list : TokenIds.read(ids.file)).ids();
        Engine engine = backend == null ? compute.engine() : compute.engine(backend);
        int vocabulary = new LogitsJob(engine).run(model.path(), adapter.path(), tokens, output.destination());
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("tokens", tokens.length);
        result.put("vocab_size", vocabulary);
        print(result, () -> "wrote logits [%d, %d] to %s".formatted(tokens.length, vocabulary, output.path()));
    }
}
