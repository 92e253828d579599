package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.IntStream;
import org.espalier.error.Printable;
import org.espalier.format.StoredTensor;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig;
import org.espalier.model.Pass;
import org.espalier.model.RotaryConfig;
import org.espalier.model.StoredModel;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.model.arch.LlamaConfig.Reach;

/** What the relatives of LLaMA have in common: sizes, rotary positions, gated MLPs, and the names of parameters. */
abstract class LlamaLike implements Architecture {

    private static final UsualFiles FILES = new UsualFiles(
            "model.", LlamaDecoder.EMBEDDING, LlamaDecoder.HEAD + ".weight", Set.of("rotary_emb.inv_freq"));

    static final String WINDOW = "sliding_window";
    private static final String TYPES = "layer_types";
    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";
    private static final Set<String> ACTIVATIONS = Set.of("silu", "swish");

    /** The configuration of a model whose projections have these biases. */
    final LlamaConfig read(ConfigReader json, int headDim, Biases biases) {
        requireActivation(json);
        if (headDim == 0) {
            throw json.failure(
                    "its channels do not suffice for its heads", "give hidden_size, num_attention_heads or head_dim");
        }
        if (headDim % 2 != 0) {
            throw json.failure("head_dim " + headDim + " is odd", "rotary embedding needs an even head_dim");
        }
        String type = json.text("model_type", "");
        ModelConfig.Sizes sizes = new ModelConfig.Sizes(
                json.size("vocab_size"),
                json.size("hidden_size"),
                headDim,
                layers(json),
                json.size("max_position_embeddings", 2048));
        requireWidths(json, sizes);
        LlamaConfig config = new LlamaConfig(
                json.architecture(modelTypes().get(type)),
                type,
                sizes,
                json.number("rms_norm_eps", 1e-6),
                RotaryJson.read(json, headDim),
                json.flag("tie_word_embeddings", tiedUnlessSaid()),
                biases);
        return config.with(reach(json, config));
    }

    /** The sizes of every layer. */
    List<ModelConfig.LayerConfig> layers(ConfigReader json) {
        return UsualSizes.layers(json);
    }

    /** Whether the head is the embedding table where the configuration does not say it. */
    boolean tiedUnlessSaid() {
        return false;
    }

    /** Refuses another activation than the family has. */
    void requireActivation(ConfigReader json) {
        String activation = json.text("hidden_act", "silu");
        if (!ACTIVATIONS.contains(activation)) {
            throw json.failure("activation '" + activation + "' is not supported", "use a model with silu");
        }
    }

    /** Whether some layers attend no further back than a window. */
    boolean slides(ConfigReader json) {
        return json.flag("use_sliding_window");
    }

    /** Whether a layer is one of them, where the configuration has no list. */
    boolean slides(ConfigReader json, int layer) {
        return true;
    }

    /** How layers attend; rotated all alike. */
    private List<Reach> reach(ConfigReader json, LlamaConfig config) {
        int layers = config.layers().size();
        boolean slides = slides(json) && json.hasInteger(WINDOW);
        List<String> types = json.texts(TYPES);
        for (String kind : types) {
            if (!kind.equals(FULL) && !(slides && kind.equals(SLIDING))) {
                throw json.failure(
                        TYPES + " names " + Printable.quoted(kind),
                        "use a model whose layers attend to the whole context or to a window");
            }
        }
        if (!types.isEmpty() && types.size() != layers) {
            throw json.failure(
                    TYPES + " has " + types.size() + " entries for " + layers + " layers", "give one for each");
        }
        List<Reach> reach = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            boolean own = types.isEmpty()
                    ? slides && slides(json, layer)
                    : types.get(layer).equals(SLIDING);
            reach.add(new Reach(config.rotary(), own ? json.size(WINDOW) : 0));
        }
        return reach;
    }

    private static void requireWidths(ConfigReader json, ModelConfig.Sizes sizes) {
        for (ModelConfig.LayerConfig layer : sizes.layers()) {
            long width = (long) layer.heads() * sizes.headDim();
            if (width > ConfigReader.LARGEST) {
                throw json.failure(
                        layer.heads() + " heads of " + sizes.headDim() + " channels are " + width + " channels",
                        "at most " + ConfigReader.LARGEST + " are supported");
            }
        }
    }

    @Override
    public ObjectNode write(ModelConfig model) {
        LlamaConfig config = (LlamaConfig) model;
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add(config.architecture());
        json.put("model_type", config.modelType());
        json.put("vocab_size", config.vocab());
        json.put("hidden_act", "silu");
        json.put("rms_norm_eps", config.eps());
        json.put("max_position_embeddings", config.maxPositions());
        json.put("tie_word_embeddings", config.tied());
        json.put("attention_bias", config.biases().attention());
        json.put("mlp_bias", config.biases().mlp());
        RotaryJson.write(json, config.rotary());
        config.reach().stream()
                .mapToInt(Reach::window)
                .filter(window -> window > 0)
                .findFirst()
                .ifPresent(window -> json.put("use_sliding_window", true).put(WINDOW, window));
        resize(json, config);
        return json;
    }

    @Override
    public void resize(ObjectNode json, ModelConfig model) {
        LlamaConfig config = (LlamaConfig) model;
        writeSizes(json, config);
        RotaryJson.alsoForOlder(json, RotaryJson.THETA);
        if (config.windowed()) {
            ArrayNode types = json.putArray(TYPES);
            config.reach().forEach(layer -> types.add(layer.window() > 0 ? SLIDING : FULL));
        }
    }

    /** Sets the sizes in a configuration. */
    void writeSizes(ObjectNode json, LlamaConfig config) {
        UsualSizes.write(json, config);
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new LlamaDecoder((LlamaConfig) config, pass);
    }

    /** Cosines and sines of rotary positions, {@code [rows, 2, headDim / 2]}. */
    @Override
    public double[] constant(ModelConfig model, String name, int rows) {
        List<RotaryConfig> rotations = ((LlamaConfig) model).rotations();
        int rotation = IntStream.range(0, rotations.size())
                .filter(i -> LlamaDecoder.tableName(i).equals(name))
                .findFirst()
                .orElseThrow();
        return rotations.get(rotation).table(rows, model.headDim());
    }

    @Override
    public String layerPrefix(int layer) {
        return LlamaDecoder.LAYERS + layer + ".";
    }

    @Override
    public Optional<String> tiedHead() {
        return Optional.of(LlamaDecoder.HEAD);
    }

    @Override
    public List<String> adapterTargets() {
        return List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");
    }

    @Override
    public StoredModel stored(ModelConfig config, ObjectNode json, SequencedMap<String, StoredTensor> files) {
        return FILES.model(config, ((LlamaConfig) config)::withOwnHead, json, files);
    }
}
