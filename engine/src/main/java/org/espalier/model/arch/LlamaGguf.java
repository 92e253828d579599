package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.espalier.error.Printable;
import org.espalier.file.Json;
import org.espalier.format.GgufFamily;
import org.espalier.format.GgufFile;
import org.espalier.format.GgufMetadata;
import org.espalier.format.GgufModel;
import org.espalier.format.RowOrder;

/** A LLaMA-like model of a GGUF file, whose sizes may differ from layer to layer. */
final class LlamaGguf implements GgufModel {

    /** Models that have the biases of Qwen2, and rows of queries and keys in Hugging Face's order. */
    private static final String QWEN2 = "qwen2";

    private static final Set<String> ARCHITECTURES = Set.of("llama", "deci", QWEN2);
    private static final int MOST_LAYERS = 4096;

    /** Reads such models. */
    @AutoService(GgufFamily.class)
    public static final class Family implements GgufFamily {

        @Override
        public Set<String> architectures() {
            return ARCHITECTURES;
        }

        @Override
        public GgufModel read(GgufMetadata metadata, Map<String, GgufFile.Entry> tensors) {
            return new LlamaGguf(metadata, tensors);
        }
    }

    private final GgufMetadata metadata;
    private final Map<String, GgufFile.Entry> tensors;
    private final String arch;
    private final int layers;
    private final int[] heads;
    private final int[] kvHeads;
    private final int[] intermediateSizes;
    private final int headDim;

    private LlamaGguf(GgufMetadata metadata, Map<String, GgufFile.Entry> tensors) {
        this.metadata = metadata;
        this.tensors = tensors;
        this.arch = metadata.string("general.architecture");
        this.layers = metadata.count(key("block_count"));
        if (layers == 0 || layers > MOST_LAYERS) {
            throw metadata.wrong(key("block_count"), "is not between 1 and " + MOST_LAYERS);
        }
        this.heads = metadata.countsPerLayer(key("attention.head_count"), layers);
        this.kvHeads = metadata.has(key("attention.head_count_kv"))
                ? metadata.countsPerLayer(key("attention.head_count_kv"), layers)
                : heads;
        this.intermediateSizes = metadata.countsPerLayer(key("feed_forward_length"), layers);
        this.headDim = readHeadDim();
        requireFullRotation();
    }

    @Override
    public boolean ignored(String tensor) {
        return tensor.equals(LlamaGgufNames.ROPE_FACTORS);
    }

    @Override
    public Optional<Place> place(String tensor) {
        return LlamaGgufNames.place(tensor)
                .filter(place -> place.layer() < layers)
                .map(place -> new Place(place.name(), rowOrder(place)));
    }

    @Override
    public String description() {
        return "a LLaMA-like model of " + layers + " layers";
    }

    /** How the rows of a tensor lie: query and key rows of llama and deci are interleaved head by head. */
    private RowOrder rowOrder(LlamaGgufNames.Place place) {
        if (arch.equals(QWEN2)) {
            return RowOrder.IDENTITY;
        }
        return switch (place.part()) {
            case "attn_q" -> RowOrder.interleaved(heads[place.layer()], headDim);
            case "attn_k" -> RowOrder.interleaved(kvHeads[place.layer()], headDim);
            default -> RowOrder.IDENTITY;
        };
    }

    @Override
    public ObjectNode config() {
        ObjectNode config = Json.object();
        boolean qwen = arch.equals(QWEN2);
        config.putArray("architectures").add(qwen ? "Qwen2ForCausalLM" : "LlamaForCausalLM");
        config.put("model_type", qwen ? "qwen2" : "llama");
        config.put("hidden_act", "silu");
        config.put("hidden_size", metadata.count(key("embedding_length")));
        config.put("intermediate_size", largest(intermediateSizes));
        config.put("num_hidden_layers", layers);
        config.put("num_attention_heads", largest(heads));
        config.put("num_key_value_heads", largest(kvHeads));
        config.put("head_dim", headDim);
        config.put("rms_norm_eps", metadata.number(key("attention.layer_norm_rms_epsilon")));
        putRope(config);
        config.put("max_position_embeddings", metadata.count(key("context_length")));
        config.put("vocab_size", vocabulary());
        config.put("tie_word_embeddings", !tensors.containsKey(LlamaGgufNames.OUTPUT));
        config.put("attention_bias", hasBias("attn_"));
        config.put("mlp_bias", hasBias("ffn_"));
        metadata.optionalCount("tokenizer.ggml.bos_token_id").ifPresent(id -> config.put("bos_token_id", id));
        metadata.optionalCount("tokenizer.ggml.eos_token_id").ifPresent(id -> config.put("eos_token_id", id));
        putLayers(config);
        return config;
    }

    private String key(String name) {
        return arch + "." + name;
    }

    private int readHeadDim() {
        int firstHeads = heads[0];
        if (!metadata.has(key("attention.key_length")) && firstHeads == 0) {
            throw metadata.wrong(key("attention.key_length"), "is missing and layer 0 has no heads to tell it from");
        }
        int dim = metadata.optionalCount(key("attention.key_length"))
                .orElseGet(() -> metadata.count(key("embedding_length")) / firstHeads);
        if (dim == 0 || dim % 2 != 0) {
            throw metadata.wrong(
                    key("attention.key_length"), "(the size of a head) is " + dim + ", not an even number");
        }
        int valueDim = metadata.optionalCount(key("attention.value_length")).orElse(dim);
        if (valueDim != dim) {
            throw metadata.wrong(
                    key("attention.value_length"),
                    "is " + valueDim + " where keys have " + dim + ", and heads with two sizes cannot be read");
        }
        return dim;
    }

    private void requireFullRotation() {
        int rotated = metadata.optionalCount(key("rope.dimension_count")).orElse(headDim);
        if (rotated != headDim) {
            throw metadata.wrong(
                    key("rope.dimension_count"),
                    "is " + rotated + " of " + headDim + " numbers of a head, and partial rotation cannot be read");
        }
    }

    private void putRope(ObjectNode config) {
        double theta = metadata.optionalNumber(key("rope.freq_base")).orElse(10000.0);
        config.put("rope_theta", theta);
        GgufFile.Entry factors = tensors.get(LlamaGgufNames.ROPE_FACTORS);
        String type = metadata.optionalString(key("rope.scaling.type")).orElse("none");
        if (factors != null) {
            ObjectNode scaling = config.putObject("rope_scaling");
            scaling.put("rope_type", "llama3");
            scaling.put("factor", RopeFactors.llama3Factor(factors, theta, headDim, metadata));
            scaling.put("low_freq_factor", RopeFactors.LOW_FREQUENCY_FACTOR);
            scaling.put("high_freq_factor", RopeFactors.HIGH_FREQUENCY_FACTOR);
            scaling.put("original_max_position_embeddings", RopeFactors.ORIGINAL_CONTEXT);
        } else if (type.equals("linear")) {
            ObjectNode scaling = config.putObject("rope_scaling");
            scaling.put("rope_type", "linear");
            scaling.put("factor", metadata.number(key("rope.scaling.factor")));
        } else if (type.equals("none")) {
            metadata.optionalNumber(key("rope.scale_linear"))
                    .filter(factor -> factor != 1)
                    .ifPresent(factor -> config.putObject("rope_scaling")
                            .put("rope_type", "linear")
                            .put("factor", factor));
        } else {
            throw metadata.wrong(
                    key("rope.scaling.type"),
                    "is " + Printable.quoted(type) + ", and only none, linear and llama3 frequencies can be read");
        }
    }

    private int vocabulary() {
        GgufFile.Entry embedding = tensors.get(LlamaGgufNames.EMBEDDING);
        if (embedding == null
                || embedding.shape().rank() != 2
                || embedding.shape().dim(0) > Integer.MAX_VALUE) {
            throw metadata.damaged("tensor '" + LlamaGgufNames.EMBEDDING + "' is missing or not a matrix");
        }
        return embedding.shape().extent(0);
    }

    private boolean hasBias(String part) {
        return tensors.keySet().stream().anyMatch(name -> name.contains("." + part) && name.endsWith(".bias"));
    }

    /** The sizes of the layers that differ from the largest, in the form of Hugging Face's heterogeneous configuration. */
    private void putLayers(ObjectNode config) {
        Map<String, int[]> sizes = Map.of(
                "num_attention_heads", heads, "num_key_value_heads", kvHeads, "intermediate_size", intermediateSizes);
        ObjectNode perLayer = Json.object();
        for (int layer = 0; layer < layers; layer++) {
            ObjectNode overrides = Json.object();
            for (String name : new String[] {"num_attention_heads", "num_key_value_heads", "intermediate_size"}) {
                if (sizes.get(name)[layer] != config.get(name).intValue()) {
                    overrides.put(name, sizes.get(name)[layer]);
                }
            }
            if (!overrides.isEmpty()) {
                perLayer.set(Integer.toString(layer), overrides);
            }
        }
        if (!perLayer.isEmpty()) {
            config.set("per_layer_config", perLayer);
        }
    }

    private static int largest(int[] values) {
        return Arrays.stream(values).max().orElse(0);
    }
}
