package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.espalier.format.GgufMetadata;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.RotaryConfig.Scaling;
import org.espalier.model.arch.LlamaConfig.Multipliers;
import org.espalier.model.arch.LlamaConfig.Reach;

/**
 * What relatives of LLaMA say beside the usual sizes in GGUF files, and what llama.cpp takes for granted of them: such a model is
 * refused where it is not so.
 */
final class LlamaGgufRelatives {

    private static final String EMBEDDING_SCALE = "embedding_scale";
    private static final String RESIDUAL_SCALE = "residual_scale";
    private static final String SCORE_SCALE = "attention.scale";
    private static final String LOGIT_SCALE = "logit_scale";
    private static final String SCORE_CAP = "attn_logit_softcapping";
    private static final String LOGIT_CAP = "final_logit_softcapping";
    private static final String WINDOW = "attention.sliding_window";

    /** Layers of the published models, by which llama.cpp tells them apart. */
    private static final List<Integer> GEMMA2_LAYERS = List.of(26, 42, 46);

    /** The largest model of either, whose scores are divided by the root of the channels of a head that would have them all. */
    private static final int GEMMA2_LARGEST = 46;

    private static final int GEMMA3_LARGEST = 62;
    private static final int GEMMA2_PATTERN = 2;
    private static final int GEMMA3_PATTERN = 6;
    private static final int SMOLLM3_UNROTATED = 4;
    private static final double LOCAL_BASE = 10000;

    private LlamaGgufRelatives() {}

    /** Puts what is special of a model into the metadata of a file. */
    static void write(LlamaGgufKind kind, Map<String, Object> metadata, String prefix, LlamaConfig config) {
        Multipliers numbers = config.numbers();
        if (kind == LlamaGgufKind.GRANITE) {
            metadata.put(prefix + EMBEDDING_SCALE, (float) numbers.embedding());
            metadata.put(prefix + RESIDUAL_SCALE, (float) numbers.residual());
            metadata.put(prefix + SCORE_SCALE, (float) numbers.scores());
            metadata.put(prefix + LOGIT_SCALE, (float) numbers.logits());
        }
        if (kind.hasWindow()) {
            metadata.put(prefix + WINDOW, window(config));
        }
        if (kind == LlamaGgufKind.GEMMA2) {
            metadata.put(prefix + SCORE_CAP, (float) numbers.scoreCap());
            metadata.put(prefix + LOGIT_CAP, (float) numbers.logitCap());
        }
    }

    private static int window(LlamaConfig config) {
        return config.reach().stream().mapToInt(Reach::window).max().orElse(0);
    }

    /** Puts what a file says of a model into its configuration, in the words that its class knows. */
    static void read(LlamaGgufKind kind, ObjectNode json, GgufMetadata metadata, String prefix) {
        if (!kind.isRelative()) {
            return;
        }
        if (kind == LlamaGgufKind.GRANITE) {
            json.put("embedding_multiplier", metadata.number(prefix + EMBEDDING_SCALE));
            json.put("residual_multiplier", metadata.number(prefix + RESIDUAL_SCALE));
            json.put("attention_multiplier", metadata.number(prefix + SCORE_SCALE));
            json.put("logits_scaling", metadata.number(prefix + LOGIT_SCALE));
            return;
        }
        json.remove("mlp_bias");
        if (kind == LlamaGgufKind.PHI3) {
            json.remove("attention_bias");
        }
        if (kind.hasWindow()) {
            int window = metadata.optionalCount(prefix + WINDOW).orElse(0);
            json.putNull("sliding_window");
            if (window > 0) {
                json.put("sliding_window", window);
            }
        }
        if (kind.isGemma()) {
            readGemma(kind, json, metadata, prefix);
        }
    }

    private static void readGemma(LlamaGgufKind kind, ObjectNode json, GgufMetadata metadata, String prefix) {
        json.put("hidden_act", "gelu_pytorch_tanh");
        json.put("hidden_activation", "gelu_pytorch_tanh");
        int layers = json.path("num_hidden_layers").intValue();
        boolean largest = layers == (kind == LlamaGgufKind.GEMMA2 ? GEMMA2_LARGEST : GEMMA3_LARGEST);
        int heads = Math.max(1, json.path("num_attention_heads").intValue());
        json.put(
                "query_pre_attn_scalar",
                largest
                        ? json.path("hidden_size").intValue() / heads
                        : json.path("head_dim").intValue());
        if (kind == LlamaGgufKind.GEMMA2) {
            json.put(SCORE_CAP, metadata.optionalNumber(prefix + SCORE_CAP).orElse(50.0));
            json.put(LOGIT_CAP, metadata.optionalNumber(prefix + LOGIT_CAP).orElse(30.0));
        } else {
            json.putNull(SCORE_CAP);
            json.putNull(LOGIT_CAP);
            json.put("rope_local_base_freq", LOCAL_BASE);
            json.put("sliding_window_pattern", GEMMA3_PATTERN);
        }
    }

    /** What llama.cpp would compute otherwise, or not open at all; empty if there is nothing. */
    static Optional<String> refusal(LlamaGgufKind kind, LlamaConfig config) {
        return switch (kind) {
            case GRANITE -> windows(config);
            case QWEN3_MOE ->
                unless(config.mixture().normalised(), "divides the factors of a token's experts by their sum")
                        .or(() -> unless(config.layers().getFirst().experts() > 0, "has experts in every layer"));
            case SMOLLM3 -> windows(config).or(() -> rotation(config)).or(() -> everyFourth(config));
            case OLMO2 -> windows(config).or(() -> heads(config, true)).or(() -> rotation(config));
            case PHI3 -> heads(config, false).or(() -> rotation(config)).or(() -> sameWindows(config));
            case GEMMA2 ->
                gemma(config, GEMMA2_LARGEST, layer -> layer % GEMMA2_PATTERN == 0)
                        .or(() -> rotation(config))
                        .or(() -> gemma2(config));
            case GEMMA3 ->
                gemma(config, GEMMA3_LARGEST, layer -> (layer + 1) % GEMMA3_PATTERN != 0)
                        .or(() -> gemma3(config));
            default -> Optional.empty();
        };
    }

    private static Optional<String> unless(boolean met, String complaint) {
        return met ? Optional.empty() : Optional.of(complaint);
    }

    private static Optional<String> windows(LlamaConfig config) {
        return unless(!config.windowed(), "has no layers with a window");
    }

    private static Optional<String> everyFourth(LlamaConfig config) {
        return unless(
                IntStream.range(0, config.layers().size())
                        .allMatch(layer ->
                                (config.reach().get(layer).rotary() == null) == ((layer + 1) % SMOLLM3_UNROTATED == 0)),
                "rotates in all layers but every fourth");
    }

    private static Optional<String> sameWindows(LlamaConfig config) {
        return unless(
                config.reach().stream().map(Reach::window).distinct().count() <= 1, "has one window for all layers");
    }

    /** @param own whether every head has keys of its own */
    private static Optional<String> heads(LlamaConfig config, boolean own) {
        LayerConfig layer = config.layers().getFirst();
        boolean whole = layer.heads() * config.headDim() == config.hidden();
        return unless(
                whole && (!own || layer.kvHeads() == layer.heads()),
                "has heads whose channels are together as many as the stream's"
                        + (own ? ", each with its own keys" : ""));
    }

    private static Optional<String> rotation(LlamaConfig config) {
        return unless(config.rotary().scaling() != Scaling.LLAMA3, "has no tensor of rotary frequencies");
    }

    /** @param slides whether llama.cpp takes a layer for one with a window */
    private static Optional<String> gemma(LlamaConfig config, int largest, IntPredicate slides) {
        int layers = config.layers().size();
        LayerConfig layer = config.layers().getFirst();
        double scalar = layers == largest ? (double) config.hidden() / layer.heads() : config.headDim();
        int window = window(config);
        for (int i = 0; i < layers; i++) {
            if (config.reach().get(i).window() != (slides.test(i) ? window : 0)) {
                return Optional.of("has windows in other layers than this model (of the first ones, " + i + ")");
            }
        }
        return unless(
                        Math.abs(config.numbers().scores() * Math.sqrt(scalar) - 1) < 1e-6,
                        "divides scores by the root of " + scalar)
                .or(() -> unless(
                        Math.abs(config.numbers().embedding() / Math.sqrt(config.hidden()) - 1) < 1e-6,
                        "multiplies embeddings by the root of the channels that are there"))
                .or(() -> unless(window > 0, "has layers with a window"));
    }

    private static Optional<String> gemma2(LlamaConfig config) {
        return unless(
                        GEMMA2_LAYERS.contains(config.layers().size()),
                        "has 26, 42 or 46 layers, by which llama.cpp tells models apart")
                .or(() -> unless(
                        config.numbers().scoreCap() > 0 && config.numbers().logitCap() > 0,
                        "has bounded scores and logits"));
    }

    private static Optional<String> gemma3(LlamaConfig config) {
        RotaryConfig local = RotaryConfig.plain(LOCAL_BASE);
        return unless(
                        config.reach().stream()
                                .allMatch(layer -> layer.rotary().equals(layer.window() > 0 ? local : config.rotary())),
                        "rotates layers with a window by the base 10000")
                .or(() -> rotation(config))
                .or(() -> unless(
                        config.numbers().scoreCap() == 0 && config.numbers().logitCap() == 0,
                        "has no bounds of scores or logits"));
    }
}
