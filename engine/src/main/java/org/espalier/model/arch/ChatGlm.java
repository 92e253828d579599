package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.espalier.backend.ActivationFunction;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Opening;
import org.espalier.model.Pass;
import org.espalier.tape.Branch;
import org.espalier.tape.Value;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Rotary;
import org.espalier.tape.op.Scale;

/**
 * ChatGLM-6B, the first of its name (Zeng et al. 2022): prompts are read as a whole, positions are those of {@link Opening}, and
 * branches are added onto the normalised stream times a number. ChatGLM2 and 3 and GLM-4 call themselves the same and are another
 * family.
 */
@AutoService(Architecture.class)
public final class ChatGlm extends FusedFamily {

    private static final String TYPE = "chatglm";
    private static final String PREFIX = "transformer.";
    private static final String LAYERS = PREFIX + "layers.";
    private static final String HEAD = "lm_head";
    private static final String TABLE = "rotary table";
    private static final String LAYERS_KEY = "num_layers";
    private static final String HEADS_KEY = "num_attention_heads";
    private static final UsualSizes.MlpKeys MLP_KEYS = new UsualSizes.MlpKeys("inner_hidden_size", null);
    private static final String CONTEXT_KEY = "max_sequence_length";
    private static final String EPS_KEY = "layernorm_epsilon";
    private static final String PLANE_KEY = "position_encoding_2d";
    private static final String TIED_KEY = "tie_word_embeddings";
    private static final String BEGIN_KEY = "bos_token_id";
    private static final String MASK_KEY = "mask_token_id";
    private static final String WHOLE_MASK_KEY = "gmask_token_id";

    /** Its layers multiply the stream by √(2 · layers), and its class lets every one of them think that there are 28. */
    private static final double STREAM_FACTOR = Math.sqrt(2 * 28);

    private static final double THETA = 10000;

    /** Keys of the later models, which are another family. */
    private static final List<String> OF_LATER_MODELS = List.of(
            "multi_query_attention",
            "multi_query_group_num",
            "ffn_hidden_size",
            "kv_channels",
            "padded_vocab_size",
            "rmsnorm",
            "apply_residual_connection_post_layernorm");

    /** How the model's weights were to be quantised, without effect where they are not. */
    private static final List<String> QUANTISATION = List.of("quantization_bit", "pre_seq_len");

    private static final UsualFiles FILES =
            new UsualFiles(PREFIX, PREFIX + "word_embeddings.weight", HEAD + ".weight", Set.of("rotary_emb.inv_freq"));

    /**
     * Tokens that say where a prompt ends and what is asked for.
     *
     * @param begin     the first of what is written, {@code <sop>}
     * @param mask      a short answer is asked for in its place
     * @param wholeMask a text is asked for in its place, {@code [gMASK]}
     */
    private record Marks(int begin, int mask, int wholeMask) {}

    /**
     * The shape of such a model.
     *
     * @param architecture Hugging Face class name
     * @param sizes        of everything; every head has its own keys and values
     * @param eps          added to the variance in normalisations
     * @param marks        in prompts
     * @param tied         whether the head is the embedding table
     */
    private record Config(String architecture, Sizes sizes, double eps, Marks marks, boolean tied)
            implements FusedFamily.Config {

        @Override
        public String modelType() {
            return TYPE;
        }

        @Override
        public Config withOwnHead() {
            return new Config(architecture, sizes, eps, marks, false);
        }

        @Override
        public ModelConfig left(int vocab, int hidden, List<KeptLayer> kept) {
            return new Config(architecture, sizes.left(vocab, hidden, kept), eps, marks, tied);
        }

        @Override
        public boolean readsPromptsWhole() {
            return true;
        }

        /** A prompt ends before the first begin token; what is written holds the place of the first mask. */
        @Override
        public Opening opening(int[] ids) {
            int prompt = first(ids, marks.begin());
            if (prompt < 0) {
                return Opening.NONE;
            }
            int[] before = Arrays.copyOf(ids, prompt);
            int whole = first(before, marks.wholeMask());
            int held = whole < 0 ? first(before, marks.mask()) : whole;
            return new Opening(prompt, held < 0 ? Math.max(0, prompt - 1) : held);
        }

        private static int first(int[] ids, int id) {
            return IntStream.range(0, ids.length)
                    .filter(i -> ids[i] == id)
                    .findFirst()
                    .orElse(-1);
        }
    }

    /** Of a service. */
    public ChatGlm() {
        super(LAYERS, FILES);
    }

    @Override
    public Map<String, String> modelTypes() {
        return Map.of(TYPE, "ChatGLMForConditionalGeneration");
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        for (String key : OF_LATER_MODELS) {
            if (json.keys().contains(key)) {
                throw json.failure(
                        "a chatglm with " + key + " is ChatGLM2, ChatGLM3 or GLM-4, which is another family",
                        "use ChatGLM-6B, or the same model as LLaMA if it was converted");
            }
        }
        if (!json.flag(PLANE_KEY, true)) {
            throw json.failure(
                    PLANE_KEY + " is false", "use a model whose tokens have two positions, as ChatGLM-6B's do");
        }
        for (String key : QUANTISATION) {
            if (json.width(key, 0) > 0) {
                throw json.failure(
                        key + " is " + json.width(key, 0),
                        "use the model whose weights are plain numbers and which has no prefix of its own");
            }
        }
        int hidden = json.size("hidden_size");
        int neurons = json.size(MLP_KEYS.neurons(), Math.multiplyExact(4, hidden));
        UsualSizes.Mlp mlp = new UsualSizes.Mlp(neurons, 0, MLP_KEYS);
        Config config = new Config(
                json.architecture(modelTypes().get(TYPE)),
                new ModelConfig.Sizes(
                        json.size("vocab_size"),
                        hidden,
                        json.size("head_dim", hidden / json.size(HEADS_KEY)),
                        UsualSizes.layers(json, LAYERS_KEY, HEADS_KEY, layer -> mlp),
                        json.size(CONTEXT_KEY, 2048)),
                json.number(EPS_KEY, 1e-5),
                new Marks(
                        json.width(BEGIN_KEY, 130004),
                        json.width(MASK_KEY, 130000),
                        json.width(WHOLE_MASK_KEY, 130001)),
                json.flag(TIED_KEY, true));
        UsualSizes.requireOwnKeys(json, config);
        if (config.headDim() % 4 != 0) {
            throw json.failure(
                    "heads have " + config.headDim() + " channels",
                    "two positions turn pairs of channels, so they must be a multiple of 4");
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
        json.put(EPS_KEY, config.eps());
        json.put(CONTEXT_KEY, config.maxPositions());
        json.put(PLANE_KEY, true);
        json.put(BEGIN_KEY, config.marks().begin());
        json.put(MASK_KEY, config.marks().mask());
        json.put(WHOLE_MASK_KEY, config.marks().wholeMask());
        json.put(TIED_KEY, config.tied());
        resize(json, config);
        return json;
    }

    @Override
    public void resize(ObjectNode json, ModelConfig config) {
        UsualSizes.write(json, config, LAYERS_KEY, HEADS_KEY, layer -> MLP_KEYS);
    }

    @Override
    public Optional<String> stockRefusal(ModelConfig config) {
        return UsualSizes.PUBLISHED_ALONE;
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new GlmDecoder((Config) config, pass);
    }

    /**
     * Cosines and sines of positions of a run of channels, {@code [rows, 2, D / 4]}. The published class rounds what each pair
     * turns by at a position to float16.
     */
    @Override
    public double[] constant(ModelConfig model, String name, int rows) {
        int half = model.headDim() / 4;
        double[] table = new double[Math.multiplyExact(rows, 2 * half)];
        for (int i = 0; i < half; i++) {
            double turn = rounded(StrictMath.pow(THETA, -(double) i / half));
            for (int row = 0; row < rows; row++) {
                table[2 * half * row + i] = StrictMath.cos(row * turn);
                table[2 * half * row + half + i] = StrictMath.sin(row * turn);
            }
        }
        return table;
    }

    private static double rounded(double number) {
        return Float.float16ToFloat(Float.floatToFloat16((float) number));
    }

    @Override
    public Optional<String> tiedHead() {
        return Optional.of(HEAD);
    }

    /** Shapes: T tokens, C channels, H heads, D channels of a head. */
    private static final class GlmDecoder extends FusedDecoder<Config> {

        GlmDecoder(Config config, Pass pass) {
            super(config, pass, FILES);
        }

        @Override
        public Value layer(int layer, Value stream) {
            LayerConfig sizes = config.layers().get(layer);
            String prefix = LAYERS + layer + ".";
            Value after = stream;
            if (sizes.heads() > 0) {
                Value x = norm(after, prefix + "input_layernorm"); // [T, C]
                after = added(Branch.Kind.ATTENTION, after, x, attention(x, prefix, sizes.heads()));
            }
            if (sizes.intermediate() > 0) {
                Value x = norm(after, prefix + "post_attention_layernorm"); // [T, C]
                after = added(
                        Branch.Kind.MLP, after, x, mlp(x, prefix, sizes.intermediate(), ActivationFunction.GELU_TANH));
            }
            return after;
        }

        private Value added(Branch.Kind kind, Value stream, Value normed, Value made) {
            Value onto = Scale.record(tape(), normed, STREAM_FACTOR);
            return Add.branch(tape(), kind, stream, stream, onto, made, 1);
        }

        private Value attention(Value x, String prefix, int heads) {
            String block = prefix + "attention.";
            List<Value> fused = heads(x, block, heads, true);
            Value out = attended(rotate(fused.get(0)), rotate(fused.get(1)), fused.get(2), prefix);
            return joined(out, block, true);
        }

        /** The first half of every head turns by the position in the prompt, the second by that in what is written. */
        private Value rotate(Value heads) {
            Value angles = tape().constant(TABLE, pass.places() + 1L, 2, config.headDim() / 4);
            return Rotary.record(tape(), heads, pass.plane(), angles, false);
        }

        @Override
        public Value finish(Value stream) {
            return norm(stream, PREFIX + "final_layernorm");
        }
    }
}
