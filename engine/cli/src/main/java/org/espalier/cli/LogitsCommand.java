package org.espalier.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.espalier.file.Output;
import org.espalier.format.SafetensorsWriter;
import org.espalier.format.TensorEntry;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.Scorer;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
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

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

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
    void run() throws IOException {
        int[] tokens = (ids.file == null ? ids.list : TokenIds.read(ids.file)).ids();
        // An output that exists is refused before the work, not after it.
        try (Output target = Output.file(output.path(), output.force());
                OpenModel open = compute.model(model.path(), adapter.path(), backend)) {
            int vocab = open.model().config().vocab();
            float[] logits = logits(open.model(), tokens);
            SafetensorsWriter.write(
                    target.path(),
                    List.of(new TensorEntry(
                            "logits",
                            DType.F32,
                            Shape.of(tokens.length, vocab),
                            sink -> writeRows(logits, vocab, sink))));
            target.commit();
            SequencedMap<String, Object> result = new LinkedHashMap<>();
            result.put("tokens", tokens.length);
            result.put("vocab_size", vocab);
            print(result, () -> "wrote logits [%d, %d] to %s".formatted(tokens.length, vocab, output.path()));
        }
    }

    /** {@code [tokens, vocab]} */
    private static float[] logits(Model model, int[] tokens) {
        Scorer.check(model.config(), tokens);
        Packed packed = Packed.of(List.of(tokens));
        Recording recording = model.transformer().logits(tokens.length);
        try (Executor executor = Executor.inference(model.backend(), recording.tape(), model.leaves(Map.of()))) {
            packed.feed(executor, recording);
            executor.forward(packed.sequences());
            return executor.readFloats(recording.logits());
        }
    }

    private static void writeRows(float[] logits, int vocab, TensorEntry.Sink sink) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment row = arena.allocate(FLOAT, vocab);
            for (int from = 0; from < logits.length; from += vocab) {
                MemorySegment.copy(logits, from, row, FLOAT, 0, vocab);
                sink.write(row);
            }
        }
    }
}
