package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.espalier.model.ConfigReader;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;

/**
 * The sizes of layers under the keys that most families have. Layers whose sizes differ from most stand in
 * {@code per_layer_config}, the sparse map of Hugging Face's heterogeneous configurations.
 */
final class UsualSizes {

    /** Why transformers open no model of a family, whatever its sizes: its class is code beside the published files. */
    static final Optional<String> PUBLISHED_ALONE =
            Optional.of("that class came with the published model and is none of transformers' own");

    private static final int MOST_LAYERS = 4096;
    private static final String HEADS = "num_attention_heads";
    private static final String KV_HEADS = "num_key_value_heads";
    private static final String INTERMEDIATE = "intermediate_size";
    private static final String LAYERS = "num_hidden_layers";
    private static final String DIFFERING = "per_layer_config";

    /** What the keys of an MLP's sizes are called. */
    record MlpKeys(String neurons, String experts) {

        /** Of an MLP of a layer's own. */
        static final MlpKeys DENSE = new MlpKeys(INTERMEDIATE, null);
    }

    /**
     * The sizes of a layer's MLP, unless the layer says otherwise.
     *
     * @param neurons of it, or of each expert
     * @param experts 0 for none
     * @param keys    under which the layer may say otherwise
     */
    record Mlp(int neurons, int experts, MlpKeys keys) {}

    private UsualSizes() {}

    /** Layers that attend to everything before those that attend to a window. */
    static int fullLayers(ConfigReader json) {
        return json.width("max_window_layers", 28);
    }

    /** Channels of a head, where the configuration need not say it. */
    static int headDim(ConfigReader json) {
        return json.size("head_dim", json.size("hidden_size") / json.size(HEADS));
    }

    /** All sizes of a model whose heads have the channels together, unless the configuration says it otherwise. */
    static ModelConfig.Sizes read(ConfigReader json) {
        return new ModelConfig.Sizes(
                json.size("vocab_size"),
                json.size("hidden_size"),
                headDim(json),
                layers(json),
                json.size("max_position_embeddings", 2048));
    }

    /** Every head must have keys and values of its own. */
    static void requireOwnKeys(ConfigReader json, ModelConfig config) {
        for (LayerConfig layer : config.layers()) {
            if (layer.heads() != layer.kvHeads()) {
                throw json.failure(
                        KV_HEADS + " is " + layer.kvHeads() + " for " + layer.heads() + " heads",
                        "this family has keys and values for every head");
            }
        }
    }

    /** Why a class that divides the channels among the heads does not build a model, if it does not. */
    static Optional<String> refusalOfHeads(ModelConfig config) {
        int heads = config.layers().getFirst().heads();
        return heads * config.headDim() == config.hidden()
                ? Optional.empty()
                : Optional.of("%d heads of %d channels are not %d channels"
                        .formatted(heads, config.headDim(), config.hidden()));
    }

    /** The sizes of every layer. */
    static List<LayerConfig> layers(ConfigReader json) {
        return layers(json, LAYERS, HEADS, json.size(INTERMEDIATE));
    }

    /**
     * As above, of a family that calls its layers and heads otherwise.
     *
     * @param neurons of a layer's MLP, unless the layer says otherwise
     */
    static List<LayerConfig> layers(ConfigReader json, String layersKey, String headsKey, int neurons) {
        return layers(json, layersKey, headsKey, layer -> new Mlp(neurons, 0, MlpKeys.DENSE));
    }

    /** As above, of a family whose layers have different kinds of MLPs. */
    static List<LayerConfig> layers(ConfigReader json, IntFunction<Mlp> mlps) {
        return layers(json, LAYERS, HEADS, mlps);
    }

    /** As above, of a family that calls its layers and heads otherwise. */
    static List<LayerConfig> layers(ConfigReader json, String layersKey, String headsKey, IntFunction<Mlp> mlps) {
        int count = json.size(layersKey);
        if (count > MOST_LAYERS) {
            throw json.failure(layersKey + " is " + count, "at most " + MOST_LAYERS + " layers are supported");
        }
        int heads = json.size(headsKey);
        int kvHeads = json.size(KV_HEADS, heads);
        Optional<ConfigReader> differing = json.object(DIFFERING);
        differing.ifPresent(map -> map.keys().forEach(key -> checkLayerNumber(json, key, count)));
        List<LayerConfig> layers = new ArrayList<>();
        for (int layer = 0; layer < count; layer++) {
            String key = Integer.toString(layer);
            Mlp mlp = mlps.apply(layer);
            LayerConfig common = new LayerConfig(heads, kvHeads, mlp.neurons(), mlp.experts());
            layers.add(differing
                    .flatMap(map -> map.object(key))
                    .map(own -> own(own, common, mlp.keys()))
                    .orElse(common));
            requireGrouped(json, layer, layers.getLast());
        }
        return layers;
    }

    private static LayerConfig own(ConfigReader own, LayerConfig common, MlpKeys keys) {
        return new LayerConfig(
                own.width(HEADS, common.heads()),
                own.width(KV_HEADS, common.kvHeads()),
                own.width(keys.neurons(), common.intermediate()),
                keys.experts() == null ? 0 : own.size(keys.experts(), common.experts()));
    }

    private static void checkLayerNumber(ConfigReader json, String key, int count) {
        if (!key.matches("\\d{1,9}") || Integer.parseInt(key) >= count) {
            throw json.failure(DIFFERING + " names layer '" + key + "'", "layers are 0 to " + (count - 1));
        }
    }

    private static void requireGrouped(ConfigReader json, int layer, LayerConfig sizes) {
        boolean grouped =
                sizes.heads() == 0 ? sizes.kvHeads() == 0 : sizes.kvHeads() > 0 && sizes.heads() % sizes.kvHeads() == 0;
        if (!grouped) {
            throw json.failure(
                    "layer " + layer + " has " + sizes.heads() + " heads and " + sizes.kvHeads() + " key/value heads",
                    "heads must be a multiple of key/value heads");
        }
    }

    /** Sets the sizes that pruning changes, leaving everything else of an existing configuration. */
    static void write(ObjectNode json, ModelConfig config) {
        write(json, config, LAYERS, HEADS);
    }

    /** As above, of a family that calls its layers and heads otherwise. */
    static void write(ObjectNode json, ModelConfig config, String layersKey, String headsKey) {
        write(json, config, layersKey, headsKey, layer -> MlpKeys.DENSE);
    }

    /** As above, of a family whose layers have different kinds of MLPs. */
    static void write(ObjectNode json, ModelConfig config, Function<LayerConfig, MlpKeys> keys) {
        write(json, config, LAYERS, HEADS, keys);
    }

    /** As above, of a family that calls its layers and heads otherwise. */
    static void write(
            ObjectNode json,
            ModelConfig config,
            String layersKey,
            String headsKey,
            Function<LayerConfig, MlpKeys> keys) {
        LayerConfig common = mostCommon(config.layers());
        Map<MlpKeys, LayerConfig> mlps = new LinkedHashMap<>();
        config.layers().stream()
                .collect(Collectors.groupingBy(keys, LinkedHashMap::new, Collectors.toList()))
                .forEach((kind, layers) -> mlps.put(kind, mostCommon(layers)));
        json.put("vocab_size", config.vocab());
        json.put("hidden_size", config.hidden());
        json.put("head_dim", config.headDim());
        json.put(layersKey, config.layers().size());
        json.put(headsKey, common.heads());
        json.put(KV_HEADS, common.kvHeads());
        mlps.forEach((kind, mlp) -> {
            json.put(kind.neurons(), mlp.intermediate());
            if (kind.experts() != null) {
                json.put(kind.experts(), mlp.experts());
            }
        });
        json.remove(DIFFERING);
        ObjectNode differing = JsonNodeFactory.instance.objectNode();
        for (int layer = 0; layer < config.layers().size(); layer++) {
            LayerConfig own = config.layers().get(layer);
            MlpKeys kind = keys.apply(own);
            ObjectNode difference = difference(own, common, mlps.get(kind), kind);
            if (!difference.isEmpty()) {
                differing.set(Integer.toString(layer), difference);
            }
        }
        if (!differing.isEmpty()) {
            json.set(DIFFERING, differing);
        }
    }

    /**
     * The sizes that most layers have, the first of equals, so that few layers differ. A layer without attention or MLP
     * gives none, because other readers take no 0 for a whole model.
     */
    private static LayerConfig mostCommon(List<LayerConfig> layers) {
        List<LayerConfig> whole = layers.stream()
                .filter(l -> l.heads() > 0 && l.intermediate() > 0)
                .toList();
        LayerConfig best = null;
        long most = 0;
        for (LayerConfig layer : whole) {
            long count = whole.stream().filter(layer::equals).count();
            if (count > most) {
                most = count;
                best = layer;
            }
        }
        return best == null ? widest(layers) : best;
    }

    /** Sizes of which none is 0, from layers each of which lacks something. */
    private static LayerConfig widest(List<LayerConfig> layers) {
        LayerConfig attention =
                layers.stream().filter(l -> l.heads() > 0).findFirst().orElse(new LayerConfig(1, 1, 0));
        LayerConfig mlp = layers.stream()
                .max(Comparator.comparingInt(LayerConfig::intermediate))
                .orElseThrow();
        return new LayerConfig(attention.heads(), attention.kvHeads(), Math.max(1, mlp.intermediate()), mlp.experts());
    }

    private static ObjectNode difference(LayerConfig own, LayerConfig common, LayerConfig mlp, MlpKeys keys) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        put(json, HEADS, own.heads(), common.heads());
        put(json, KV_HEADS, own.kvHeads(), common.kvHeads());
        put(json, keys.neurons(), own.intermediate(), mlp.intermediate());
        if (keys.experts() != null && own.intermediate() > 0) {
            put(json, keys.experts(), own.experts(), mlp.experts());
        }
        return json;
    }

    private static void put(ObjectNode json, String key, int own, int common) {
        if (own != common) {
            json.put(key, own);
        }
    }
}
