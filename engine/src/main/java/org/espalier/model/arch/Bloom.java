package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.espalier.backend.ActivationFunction;
import org.espalier.backend.AttentionForm;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Pass;
import org.espalier.tape.Branch;
import org.espalier.tape.Value;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Attention;

/**
 * BLOOM (Le Scao et al. 2022): no positions but slopes of heads (ALiBi), embeddings that are normalised, and a bias in every
 * projection. A head that is left of a pruned model keeps its slope, which the configuration has then.
 */
@AutoService(Architecture.class)
public final class Bloom extends FusedFamily {

    static final String TYPE = "bloom";
    private static final String PREFIX = "transformer.";
    private static final String LAYERS = PREFIX + "h.";
    private static final String HEAD = "lm_head";
    private static final String SLOPES = "self_attention.slopes";
    private static final String LAYERS_KEY = "n_layer";
    private static final String HEADS_KEY = "n_head";
    private static final String NEURONS_KEY = "intermediate_size";
    /** For each layer those of its heads, where they are not the usual ones. */
    private static final String SLOPES_KEY = "alibi_slopes";

    private static final UsualFiles FILES =
            new UsualFiles(PREFIX, PREFIX + "word_embeddings.weight", HEAD + ".weight", Set.of());

    /** How it was trained, without effect on what it computes. */
    private static final List<String> TRAINING =
            List.of("bias_dropout_fusion", "masked_softmax_fusion", "skip_bias_add", "skip_bias_add_qkv");

    /**
     * The shape of such a model.
     *
     * @param architecture Hugging Face class name
     * @param sizes        of everything; every head has its own keys and values
     * @param eps          added to the variance in normalisations
     * @param tied         whether the head is the embedding table
     * @param slopes       for each layer, those of its heads
     */
    record Config(String architecture, Sizes sizes, double eps, boolean tied, List<List<Double>> slopes)
            implements FusedFamily.Config {

        /** A model whose heads have the slopes that so many have. */
        static Config withUsualSlopes(String architecture, Sizes sizes, double eps, boolean tied) {
            return new Config(
                    architecture,
                    sizes,
                    eps,
                    tied,
                    sizes.layers().stream()
                            .map(layer -> Bloom.usual(layer.heads()))
                            .toList());
        }

        @Override
        public String modelType() {
            return TYPE;
        }

        @Override
        public Config withOwnHead() {
            return new Config(architecture, sizes, eps, false, slopes);
        }

        @Override
        public ModelConfig left(int vocab, int hidden, List<KeptLayer> kept) {
            List<List<Double>> left = new ArrayList<>();
            for (KeptLayer layer : kept) {
                List<Double> whole = slopes.get(layer.number());
                left.add(layer.heads().stream().map(whole::get).toList());
            }
            return new Config(architecture, sizes.left(vocab, hidden, kept), eps, tied, left);
        }

        boolean usualSlopes() {
            return IntStream.range(0, slopes.size())
                    .allMatch(layer ->
                            slopes.get(layer).equals(usual(layers().get(layer).heads())));
        }
    }

    /**
     * The slopes that so many heads have (Press et al. 2022): powers of {@code 2^(−8 / n)}, n the power of two that is not more
     * than the heads, and for further heads every other one of those of 2n.
     */
    private static List<Double> usual(int heads) {
        if (heads == 0) {
            return List.of();
        }
        int power = Integer.highestOneBit(heads);
        List<Double> slopes = new ArrayList<>();
        for (int head = 0; head < heads; head++) {
            slopes.add(
                    head < power
                            ? StrictMath.pow(2, -8.0 * (head + 1) / power)
                            : StrictMath.pow(2, -4.0 * (2 * (head - power) + 1) / power));
        }
        return List.copyOf(slopes);
    }

    /** Of a service. */
    public Bloom() {
        super(LAYERS, FILES);
    }

    @Override
    public Map<String, String> modelTypes() {
        return Map.of(TYPE, "BloomForCausalLM");
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        if (json.flag("apply_residual_connection_post_layernorm")) {
            throw json.failure(
                    "apply_residual_connection_post_layernorm is true",
                    "use a model whose branches are added to the stream as it is");
        }
        TRAINING.forEach(json::flag);
        int hidden = json.size("hidden_size", json.size("n_embed", 64));
        List<LayerConfig> layers =
                UsualSizes.layers(json, LAYERS_KEY, HEADS_KEY, json.size(NEURONS_KEY, Math.multiplyExact(4, hidden)));
        ModelConfig.Sizes sizes = new ModelConfig.Sizes(
                json.size("vocab_size"),
                hidden,
                json.size("head_dim", hidden / json.size(HEADS_KEY)),
                layers,
                json.size("seq_length", 2048));
        Config config = new Config(
                json.architecture(modelTypes().get(TYPE)),
                sizes,
                json.number("layer_norm_epsilon", 1e-5),
                json.flag("tie_word_embeddings", true),
                slopes(json, layers));
        UsualSizes.requireOwnKeys(json, config);
        return config;
    }

    private static List<List<Double>> slopes(ConfigReader json, List<LayerConfig> layers) {
        List<List<Double>> usual =
                layers.stream().map(layer -> usual(layer.heads())).toList();
        List<List<Double>> own = json.rows(SLOPES_KEY).orElse(usual);
        boolean fits = own.size() == layers.size()
                && IntStream.range(0, own.size())
                        .allMatch(layer ->
                                own.get(layer).size() == layers.get(layer).heads());
        if (!fits) {
            throw json.failure(SLOPES_KEY + " has not one number for each head", "give those of every layer's heads");
        }
        return own;
    }

    @Override
    public ObjectNode write(ModelConfig model) {
        Config config = (Config) model;
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add(config.architecture());
        json.put("model_type", TYPE);
        json.put("vocab_size", config.vocab());
        json.put("layer_norm_epsilon", config.eps());
        json.put("seq_length", config.maxPositions());
        json.put("tie_word_embeddings", config.tied());
        resize(json, config);
        return json;
    }

    @Override
    public void resize(ObjectNode json, ModelConfig model) {
        Config config = (Config) model;
        UsualSizes.write(json, config, LAYERS_KEY, HEADS_KEY);
        json.remove(SLOPES_KEY);
        if (!config.usualSlopes()) {
            ArrayNode layers = json.putArray(SLOPES_KEY);
            for (List<Double> heads : config.slopes()) {
                heads.forEach(layers.addArray()::add);
            }
        }
    }

    /** The class that comes with transformers computes widths and slopes from the channels and the heads. */
    @Override
    public Optional<String> stockRefusal(ModelConfig model) {
        Config config = (Config) model;
        if (config.layers().getFirst().intermediate() != 4 * config.hidden()) {
            return Optional.of("%d neurons are not four times %d channels"
                    .formatted(config.layers().getFirst().intermediate(), config.hidden()));
        }
        return config.usualSlopes()
                ? UsualSizes.refusalOfHeads(config)
                : Optional.of("the slopes of its heads are not those that the class computes");
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new BloomDecoder((Config) config, pass);
    }

    /** The slopes of a layer, {@code [heads]}. */
    @Override
    public double[] constant(ModelConfig model, String name, int rows) {
        int layer = Integer.parseInt(name.substring(LAYERS.length(), name.indexOf('.', LAYERS.length())));
        return ((Config) model)
                .slopes().get(layer).stream().mapToDouble(Double::doubleValue).toArray();
    }

    @Override
    public Optional<String> tiedHead() {
        return Optional.of(HEAD);
    }

    /** Shapes: T tokens, C channels, H heads, D channels of a head. */
    private static final class BloomDecoder extends FusedDecoder<Config> {

        BloomDecoder(Config config, Pass pass) {
            super(config, pass, FILES);
        }

        @Override
        public Value embed() {
            return norm(super.embed(), PREFIX + "word_embeddings_layernorm");
        }

        @Override
        public Value layer(int layer, Value stream) {
            LayerConfig sizes = config.layers().get(layer);
            String prefix = LAYERS + layer + ".";
            Value after = stream;
            if (sizes.heads() > 0) {
                Value attended = attention(after, prefix, sizes.heads());
                after = Add.branch(tape(), Branch.Kind.ATTENTION, after, after, attended, 1);
            }
            if (sizes.intermediate() > 0) {
                Value made = mlp(after, prefix, sizes.intermediate());
                after = Add.branch(tape(), Branch.Kind.MLP, after, after, made, 1);
            }
            return after;
        }

        private Value attention(Value stream, String prefix, int heads) {
            String block = prefix + "self_attention.";
            Value x = norm(stream, prefix + "input_layernorm"); // [T, C]
            List<Value> fused = heads(x, block, heads, true);
            Value out = Attention.record(
                    tape(),
                    fused.get(0),
                    pass.cached(fused.get(1), prefix + "keys"),
                    pass.cached(fused.get(2), prefix + "values"),
                    tape().constant(prefix + SLOPES, heads),
                    AttentionForm.plain(1 / Math.sqrt(config.headDim()))); // [T, H, D]
            return joined(out, block, true);
        }

        private Value mlp(Value stream, String prefix, int neurons) {
            Value x = norm(stream, prefix + "post_attention_layernorm"); // [T, C]
            return mlp(x, prefix, neurons, ActivationFunction.GELU_TANH);
        }

        @Override
        public Value finish(Value stream) {
            return norm(stream, PREFIX + "ln_f");
        }
    }
}
