package org.espalier.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.espalier.job.InfoJob;
import org.espalier.job.LayerRange;
import org.espalier.job.PrunedShape;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code engine info}: what a model consists of, from its configuration and the headers of its files. */
@Command(
        name = "info",
        description = "Show what a model consists of. Needs no weights: a config.json is enough.",
        footer = {
            "",
            "MACs are multiply-adds of a pass over 64 tokens, all of whose logits are wanted, by the rules of LLM-Pruner's",
            "table; there keys and values count as if they had as many heads as queries. Its memory is that of weights in",
            "16-bit floats and rotary tables, as PyTorch allocates them. The cache is keys and values in float32.",
            "",
            "Examples:",
            "  engine info models/smollm2-135m",
            "  engine info llama-7b/config.json --ratio 0.25 --attention-layers 4-29 --mlp-layers 4-29 --json"
        })
final class InfoCommand extends EngineCommand {

    @Parameters(paramLabel = "MODEL", description = "Checkpoint folder, .gguf file, or a config.json alone.")
    private Path path;

    @Option(
            names = "--ratio",
            paramLabel = "R",
            converter = Converters.Share.class,
            description = "Show what would be left if LLM-Pruner took this share of heads and neurons from each layer.")
    private Double ratio;

    @Option(
            names = "--attention-layers",
            paramLabel = "A-B",
            converter = Converters.Layers.class,
            description = "With --ratio, layers that lose heads, both included, from 0; or none "
                    + "(default: all but the first eighth and the last sixteenth).")
    private LayerRange attentionLayers;

    @Option(
            names = "--mlp-layers",
            paramLabel = "A-B",
            converter = Converters.Layers.class,
            description = "With --ratio, layers that lose neurons (default: as for attention).")
    private LayerRange mlpLayers;

    @Override
    void run() {
        if (ratio == null && (attentionLayers != null || mlpLayers != null)) {
            throw wrongUsage("--attention-layers and --mlp-layers need --ratio");
        }
        InfoJob.Result model = ratio == null
                ? new InfoJob().run(path)
                : new InfoJob()
                        .run(
                                path,
                                new PrunedShape(
                                        ratio, Optional.ofNullable(attentionLayers), Optional.ofNullable(mlpLayers)));
        ModelConfig config = model.config();
        SequencedMap<String, Object> result = new LinkedHashMap<>();
        result.put("architecture", config.architecture());
        result.put("parameters", model.parameters());
        result.put("parameters_by_kind", named(model.parametersByKind()));
        result.put("weight_bytes", model.weightBytes());
        result.put("layers", config.layers().size());
        result.put("hidden_size", config.hidden());
        result.put("head_dim", config.headDim());
        result.put("heads", widths(config, LayerConfig::heads));
        result.put("kv_heads", widths(config, LayerConfig::kvHeads));
        result.put("intermediate_sizes", widths(config, LayerConfig::intermediate));
        if (config.layers().stream().anyMatch(layer -> layer.experts() > 0)) {
            result.put("experts", widths(config, LayerConfig::experts));
        }
        result.put("vocab_size", config.vocab());
        result.put("max_positions", config.maxPositions());
        result.put("tied_embeddings", config.tied());
        result.put("dtypes", named(model.dtypes()));
        result.put("macs_64", model.multiplyAdds().count());
        result.put("macs_64_llm_pruner", model.multiplyAdds().llmPruner());
        result.put("memory_bytes_llm_pruner", model.llmPrunerMemory());
        result.put("cache_bytes_per_token", model.cacheBytes());
        print(result, () -> text(result));
    }

    /** Numbers under the names that people know. */
    private static SequencedMap<String, Long> named(SequencedMap<? extends Enum<?>, Long> counts) {
        SequencedMap<String, Long> named = new LinkedHashMap<>();
        counts.forEach((key, count) -> named.put(key.name().toLowerCase(Locale.ROOT), count));
        return named;
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
