package org.espalier.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.StoredTensor;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.ParameterKinds;
import org.espalier.model.Transformer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code engine info}: what a model consists of, from its configuration and the headers of its files. */
@Command(
        name = "info",
        description = "Show what a model consists of. Needs no weights: a config.json is enough.",
        footer = {"", "Examples:", "  engine info models/smollm2-135m", "  engine info llama-7b/config.json --json"})
final class InfoCommand extends EngineCommand {

    @Parameters(paramLabel = "MODEL", description = "Checkpoint folder, .gguf file, or a config.json alone.")
    private Path model;

    @Override
    void run() {
        if (Files.isRegularFile(model) && model.toString().endsWith(".json")) {
            show(Json.readObject(model), List.of());
            return;
        }
        try (Checkpoint checkpoint = Checkpoints.describe(model)) {
            show(checkpoint.config(), checkpoint.tensors().values());
        }
    }

    private void show(JsonNode json, Collection<StoredTensor> tensors) {
        ModelConfig config = Architectures.read(json, model.toString());
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("architecture", config.architecture());
        result.put("parameters", new Transformer(config).shape().parameterCount());
        result.put("parameters_by_kind", byKind(config));
        result.put(
                "weight_bytes",
                tensors.stream().mapToLong(t -> t.bytes().byteSize()).sum());
        result.put("layers", config.layers().size());
        result.put("hidden_size", config.hidden());
        result.put("head_dim", config.headDim());
        result.put("heads", widths(config, LayerConfig::heads));
        result.put("kv_heads", widths(config, LayerConfig::kvHeads));
        result.put("intermediate_sizes", widths(config, LayerConfig::intermediate));
        result.put("vocab_size", config.vocab());
        result.put("max_positions", config.maxPositions());
        result.put("tied_embeddings", config.tied());
        result.put("dtypes", byType(tensors));
        print(result, () -> text(result));
    }

    /** Parameters of each kind of module; together they are all. */
    private static SequencedMap<String, Long> byKind(ModelConfig config) {
        SequencedMap<String, Long> counts = new LinkedHashMap<>();
        ParameterKinds.count(new Transformer(config).shape())
                .forEach((kind, count) -> counts.put(kind.name().toLowerCase(Locale.ROOT), count));
        return counts;
    }

    /** Stored numbers of each type, under the names that {@code --dtype} takes. */
    private static SequencedMap<String, Long> byType(Collection<StoredTensor> tensors) {
        SequencedMap<String, Long> counts = new LinkedHashMap<>();
        tensors.forEach(t ->
                counts.merge(t.type().name().toLowerCase(Locale.ROOT), t.shape().elements(), Long::sum));
        return counts;
    }

    private static int[] widths(ModelConfig config, ToIntFunction<LayerConfig> width) {
        return config.layers().stream().mapToInt(width).toArray();
    }

    private static String text(Map<String, Object> result) {
        Columns columns = new Columns();
        result.forEach((key, value) -> {
            String label = key.replace('_', ' ');
            switch (value) {
                case int[] widths -> columns.row(label, describe(widths));
                case Map<?, ?> counts ->
                    counts.forEach(
                            (kind, count) -> columns.row((key.equals("dtypes") ? "stored as " : "  ") + kind, count));
                case Boolean flag -> columns.row(label, flag ? "yes" : "no");
                default -> columns.row(label, value);
            }
        });
        return columns.toString();
    }

    /** One number if all layers agree, else each layer's. */
    private static String describe(int[] widths) {
        boolean equal = IntStream.of(widths).distinct().count() == 1;
        return equal
                ? widths[0] + " in each layer"
                : String.join(
                        " ", IntStream.of(widths).mapToObj(String::valueOf).toList());
    }
}
