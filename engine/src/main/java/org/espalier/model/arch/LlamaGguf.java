package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.espalier.file.Json;
import org.espalier.format.GgufContent;
import org.espalier.format.GgufFamily;
import org.espalier.format.GgufFile;
import org.espalier.format.GgufMetadata;
import org.espalier.format.GgufModel;
import org.espalier.format.ModelContent;
import org.espalier.format.RowOrder;

/** A LLaMA-like model of a GGUF file, whose sizes may differ from layer to layer. */
final class LlamaGguf implements GgufModel {

    private static final int MOST_LAYERS = 4096;

    /** Reads and writes such models. */
    @AutoService(GgufFamily.class)
    public static final class Family implements GgufFamily {

        @Override
        public Set<String> architectures() {
            return Arrays.stream(LlamaGgufKind.values())
                    .map(LlamaGgufKind::architecture)
                    .collect(Collectors.toUnmodifiableSet());
        }

        @Override
        public GgufModel read(GgufMetadata metadata, Map<String, GgufFile.Entry> tensors) {
            return new LlamaGguf(metadata, tensors);
        }

        @Override
        public Optional<GgufContent> write(ModelContent model) {
            return LlamaGgufKind.ofModelType(model.config().path("model_type").asText())
                    .map(kind -> new LlamaGgufMaker(kind, model).make());
        }
    }

    private final GgufMetadata metadata;
    private final Map<String, GgufFile.Entry> tensors;
    private final LlamaGgufKind kind;
    private final int layers;
    private final int[] heads;
    private final int[] kvHeads;
    private final int[] intermediateSizes;
    private final int headDim;

    private LlamaGguf(GgufMetadata metadata, Map<String, GgufFile.Entry> tensors) {
        this.metadata = metadata;
        this.tensors = tensors;
        this.kind = LlamaGgufKind.of(metadata);
        this.layers = metadata.count(key(GgufKeys.LAYERS));
        if (layers == 0 || layers > MOST_LAYERS) {
            throw metadata.wrong(key(GgufKeys.LAYERS), "is not between 1 and " + MOST_LAYERS);
        }
        this.heads = metadata.countsPerLayer(key(GgufKeys.HEADS), layers);
        this.kvHeads =
                metadata.has(key(GgufKeys.KV_HEADS)) ? metadata.countsPerLayer(key(GgufKeys.KV_HEADS), layers) : heads;
        this.intermediateSizes = metadata.countsPerLayer(
                key(kind.experts().map(LlamaGgufExperts::neurons).orElse(GgufKeys.NEURONS)), layers);
        this.headDim = readHeadDim();
        requireFullRotation();
    }

    @Override
    public boolean ignored(String tensor) {
        return tensor.equals(GgufNames.ROPE_FACTORS);
    }

    @Override
    public List<String> parts(String tensor) {
        return kind.experts()
                .map(experts -> experts.parts(tensor, layers, LlamaGgufExperts.count(metadata, key(""))))
                .orElse(List.of());
    }

    @Override
    public Optional<Place> place(String tensor) {
        return kind.names()
                .place(tensor)
                .filter(place -> place.layer() < layers)
                .map(place -> new Place(
                        place.name(), rowOrder(place), tensor.endsWith("norm.weight") ? kind.addedToNorms() : 0));
    }

    @Override
    public String description() {
        return "a LLaMA-like model of " + layers + " layers";
    }

    /** How the rows of a tensor lie: query and key rows of llama and deci are interleaved head by head. */
    private RowOrder rowOrder(GgufNames.Place place) {
        return place.layer() < 0
                ? RowOrder.IDENTITY
                : kind.rowOrder(place.part(), heads[place.layer()], kvHeads[place.layer()], headDim);
    }

    @Override
    public ObjectNode config() {
        ObjectNode config = Json.object();
        config.putArray("architectures").add(kind.stockClass());
        config.put("model_type", kind.modelType());
        config.put("hidden_act", "silu");
        config.put("hidden_size", metadata.count(key(GgufKeys.HIDDEN)));
        config.put("intermediate_size", largest(intermediateSizes));
        config.put("num_hidden_layers", layers);
        config.put("num_attention_heads", largest(heads));
        config.put("num_key_value_heads", largest(kvHeads));
        config.put("head_dim", headDim);
        config.put("rms_norm_eps", metadata.number(key(GgufKeys.EPSILON)));
        LlamaGgufRope.read(config, metadata, kind.architecture() + ".", tensors.get(GgufNames.ROPE_FACTORS), headDim);
        config.put("max_position_embeddings", metadata.count(key(GgufKeys.CONTEXT)));
        config.put("vocab_size", GgufNames.vocabulary(metadata, tensors));
        config.put("tie_word_embeddings", !tensors.containsKey(GgufNames.OUTPUT));
        config.put("attention_bias", hasBias("attn_"));
        config.put("mlp_bias", hasBias("ffn_"));
        metadata.optionalCount("tokenizer.ggml.bos_token_id").ifPresent(id -> config.put("bos_token_id", id));
        metadata.optionalCount("tokenizer.ggml.eos_token_id").ifPresent(id -> config.put("eos_token_id", id));
        LlamaGgufRelatives.read(kind, config, metadata, kind.architecture() + ".");
        kind.experts().ifPresent(experts -> experts.read(config, metadata, key(""), largest(intermediateSizes)));
        putLayers(config);
        return config;
    }

    /**
     * Biases that files leave out because they are zero: a configuration has them in all projections of a branch or in none,
     * and what makes up for removed units stands in the last projection alone.
     */
    @Override
    public List<Zeros> zeros() {
        if (!kind.mayLackBiases()) {
            return List.of();
        }
        List<Zeros> zeros = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            for (String part : GgufNames.PROJECTIONS) {
                if (hasBias(part.substring(0, part.indexOf('_') + 1))) {
                    addZeros(zeros, layer, part);
                }
            }
        }
        return zeros;
    }

    /** As many as the weight has rows, all of which are there. */
    private void addZeros(List<Zeros> zeros, int layer, String part) {
        String bias = GgufNames.block(layer, part, "bias");
        GgufFile.Entry weight = tensors.get(GgufNames.block(layer, part, "weight"));
        if (weight != null && weight.shape().elements() > 0 && !tensors.containsKey(bias)) {
            zeros.add(new Zeros(place(bias).orElseThrow().name(), weight.shape().extent(0)));
        }
    }

    private String key(String name) {
        return kind.architecture() + "." + name;
    }

    private int readHeadDim() {
        int firstHeads = heads[0];
        if (!metadata.has(key(GgufKeys.KEY_SIZE)) && firstHeads == 0) {
            throw metadata.wrong(key(GgufKeys.KEY_SIZE), "is missing and layer 0 has no heads to tell it from");
        }
        int dim = metadata.optionalCount(key(GgufKeys.KEY_SIZE))
                .orElseGet(() -> metadata.count(key(GgufKeys.HIDDEN)) / firstHeads);
        if (dim == 0 || dim % 2 != 0) {
            throw metadata.wrong(key(GgufKeys.KEY_SIZE), "(the size of a head) is " + dim + ", not an even number");
        }
        int valueDim = metadata.optionalCount(key(GgufKeys.VALUE_SIZE)).orElse(dim);
        if (valueDim != dim) {
            throw metadata.wrong(
                    key(GgufKeys.VALUE_SIZE),
                    "is " + valueDim + " where keys have " + dim + ", and heads with two sizes cannot be read");
        }
        return dim;
    }

    private void requireFullRotation() {
        int rotated = metadata.optionalCount(key(GgufKeys.ROTATED)).orElse(headDim);
        if (rotated != headDim) {
            throw metadata.wrong(
                    key(GgufKeys.ROTATED),
                    "is " + rotated + " of " + headDim + " numbers of a head, and partial rotation cannot be read");
        }
    }

    private boolean hasBias(String part) {
        return tensors.keySet().stream().anyMatch(name -> name.contains("." + part) && name.endsWith(".bias"));
    }

    /** The sizes of the layers that differ from the largest, in the form of Hugging Face's heterogeneous configuration. */
    private void putLayers(ObjectNode config) {
        String neurons = kind.experts().map(experts -> experts.keys().neurons()).orElse("intermediate_size");
        Map<String, int[]> sizes =
                Map.of("num_attention_heads", heads, "num_key_value_heads", kvHeads, neurons, intermediateSizes);
        ObjectNode perLayer = Json.object();
        for (int layer = 0; layer < layers; layer++) {
            ObjectNode overrides = Json.object();
            for (String name : List.of("num_attention_heads", "num_key_value_heads", neurons)) {
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
