package org.espalier.model.arch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig;
import org.espalier.model.Pass;
import org.espalier.model.RotaryConfig;
import org.espalier.tape.Branch;
import org.espalier.tape.Value;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Rotary;

/**
 * GPT-NeoX and Pythia (Black et al. 2022): attention and MLP read the stream before both, a part of each head is rotated,
 * and every projection has a bias.
 */
@AutoService(Architecture.class)
public final class GptNeox extends FusedFamily {

    static final String TYPE = "gpt_neox";
    private static final String PREFIX = "gpt_neox.";
    private static final String LAYERS = PREFIX + "layers.";
    private static final String TABLE = "rotary table";
    private static final String BASE = "rotary_emb_base";
    private static final String PART = "rotary_pct";
    private static final double ROTATED = 0.25;

    private static final UsualFiles FILES = new UsualFiles(
            PREFIX,
            PREFIX + "embed_in.weight",
            "embed_out.weight",
            Set.of(".attention.bias", ".attention.masked_bias", "rotary_emb.inv_freq"));

    /**
     * The shape of such a model.
     *
     * @param architecture    Hugging Face class name
     * @param sizes           of everything; every head has its own keys and values
     * @param eps             added to the variance in normalisations
     * @param rotary          position embedding
     * @param rotated         part of each head's channels that is rotated
     * @param parallel        whether attention and MLP read the same stream
     * @param activation      of the MLP, as the configuration calls it
     * @param attentionBiased whether the attention's projections have biases
     * @param tied            whether the head is the embedding table
     */
    record Config(
            String architecture,
            Sizes sizes,
            double eps,
            RotaryConfig rotary,
            double rotated,
            boolean parallel,
            String activation,
            boolean attentionBiased,
            boolean tied)
            implements FusedFamily.Config {

        @Override
        public String modelType() {
            return TYPE;
        }

        /** Channels of a head that are rotated. */
        int rotaryDim() {
            return (int) (headDim() * rotated);
        }

        @Override
        public Config withOwnHead() {
            return new Config(architecture, sizes, eps, rotary, rotated, parallel, activation, attentionBiased, false);
        }

        @Override
        public ModelConfig left(int vocab, int hidden, List<KeptLayer> kept) {
            return new Config(
                    architecture,
                    sizes.left(vocab, hidden, kept),
                    eps,
                    rotary,
                    rotated,
                    parallel,
                    activation,
                    attentionBiased,
                    tied);
        }
    }

    /** Of a service. */
    public GptNeox() {
        super(LAYERS, FILES);
    }

    @Override
    public Map<String, String> modelTypes() {
        return Map.of(TYPE, "GPTNeoXForCausalLM");
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        Config config = new Config(
                json.architecture(modelTypes().get(TYPE)),
                UsualSizes.read(json),
                json.number("layer_norm_eps", 1e-5),
                RotaryJson.scaled(json, json.number(BASE, 10000)),
                RotaryJson.part(json, json.number(PART, ROTATED)),
                json.flag("use_parallel_residual", true),
                ActivationNames.read(json, "hidden_act", "gelu"),
                json.flag("attention_bias", true),
                json.flag("tie_word_embeddings"));
        UsualSizes.requireOwnKeys(json, config);
        int rotaryDim = config.rotaryDim();
        if (rotaryDim == 0 || rotaryDim % 2 != 0 || rotaryDim > config.headDim()) {
            throw json.failure(
                    rotaryDim + " of " + config.headDim() + " channels of a head are rotated",
                    "rotary embedding needs an even number of them");
        }
        return config;
    }

    @Override
    public ObjectNode write(ModelConfig model) {
        Config config = (Config) model;
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add(config.architecture());
        json.put("model_type", TYPE);
        json.put("vocab_size", config.vocab());
        json.put("hidden_act", config.activation());
        json.put("layer_norm_eps", config.eps());
        json.put("max_position_embeddings", config.maxPositions());
        json.put("use_parallel_residual", config.parallel());
        json.put("attention_bias", config.attentionBiased());
        json.put("tie_word_embeddings", config.tied());
        json.put(PART, config.rotated());
        json.put(BASE, config.rotary().theta());
        RotaryJson.write(json, config.rotary());
        resize(json, config);
        return json;
    }

    @Override
    public void resize(ObjectNode json, ModelConfig config) {
        UsualSizes.write(json, config);
        RotaryJson.alsoForOlder(json, BASE);
        JsonNode part = json.path(RotaryJson.PARAMETERS).get(RotaryJson.ROTATED);
        if (part != null) {
            json.set(PART, part);
        }
    }

    /** Every branch ends in a bias already, unless the configuration takes those of attention away. */
    @Override
    public Optional<ModelConfig> withBranchBiases(ModelConfig model) {
        return ((Config) model).attentionBiased() ? Optional.of(model) : Optional.empty();
    }

    /** The class that comes with transformers knows no other size of heads than this. */
    @Override
    public Optional<String> stockRefusal(ModelConfig config) {
        return UsualSizes.refusalOfHeads(config);
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new NeoxDecoder((Config) config, pass);
    }

    /** Cosines and sines of rotary positions, {@code [rows, 2, rotated channels / 2]}. */
    @Override
    public double[] constant(ModelConfig model, String name, int rows) {
        Config config = (Config) model;
        return config.rotary().table(rows, config.rotaryDim());
    }

    /** Shapes: T tokens, C channels, H heads, D channels of a head. */
    private static final class NeoxDecoder extends FusedDecoder<Config> {

        NeoxDecoder(Config config, Pass pass) {
            super(config, pass, FILES);
        }

        @Override
        public Value layer(int layer, Value stream) {
            ModelConfig.LayerConfig sizes = config.layers().get(layer);
            String prefix = LAYERS + layer + ".";
            Value after = stream;
            if (sizes.heads() > 0) {
                Value attended = attention(stream, prefix, sizes.heads());
                after = Add.branch(tape(), Branch.Kind.ATTENTION, stream, stream, attended, 1);
            }
            if (sizes.intermediate() > 0) {
                Value source = config.parallel() ? stream : after;
                Value made = mlp(source, prefix, sizes.intermediate());
                after = Add.branch(tape(), Branch.Kind.MLP, source, after, made, 1);
            }
            return after;
        }

        private Value attention(Value stream, String prefix, int heads) {
            String block = prefix + "attention.";
            Value x = norm(stream, prefix + "input_layernorm"); // [T, C]
            List<Value> fused = heads(x, block, heads, config.attentionBiased());
            Value out = attended(rotate(fused.get(0)), rotate(fused.get(1)), fused.get(2), prefix);
            return joined(out, block, config.attentionBiased());
        }

        private Value rotate(Value heads) {
            Value angles = tape().constant(TABLE, pass.places(), 2, config.rotaryDim() / 2);
            return Rotary.record(tape(), heads, pass.positions(), angles, false);
        }

        private Value mlp(Value stream, String prefix, int neurons) {
            Value x = norm(stream, prefix + "post_attention_layernorm"); // [T, C]
            return mlp(x, prefix, neurons, ActivationNames.of(config.activation()));
        }

        @Override
        public Value finish(Value stream) {
            return norm(stream, PREFIX + "final_layer_norm");
        }
    }
}
