package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.Optional;
import org.espalier.model.ConfigReader;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig;
import org.espalier.model.Pass;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.model.arch.LlamaConfig.Multipliers;

/**
 * What Gemma 2 and 3 have in common: embeddings times the root of the channels, norms around every branch, gates of GELU, and
 * layers with a window. Channels that go leave the factor as it was.
 */
abstract class GemmaLike extends LlamaLike {

    private static final String ACTIVATION = "gelu_pytorch_tanh";
    /** What embeddings are multiplied by, where that is not the root of the channels that are left. */
    private static final String EMBEDDING = "embedding_multiplier";

    private static final String SCALAR = "query_pre_attn_scalar";
    private static final String SCORE_CAP = "attn_logit_softcapping";
    private static final String LOGIT_CAP = "final_logit_softcapping";

    /**
     * The configuration, rotated by one base.
     *
     * @param scoreCap what scores come near to at most where the configuration does not say it; 0 for no such bound
     * @param logitCap the same of logits
     */
    LlamaConfig readGemma(ConfigReader json, double scoreCap, double logitCap) {
        boolean attention = json.flag("attention_bias");
        LlamaConfig config = read(json, json.size("head_dim", 256), new Biases(attention, attention, false));
        return config.with(new Multipliers(
                json.number(EMBEDDING, Math.sqrt(config.hidden())),
                1,
                1 / Math.sqrt(json.number(SCALAR, 256)),
                1,
                cap(json, SCORE_CAP, scoreCap),
                cap(json, LOGIT_CAP, logitCap)));
    }

    /** A bound that is null is none. */
    private static double cap(ConfigReader json, String key, double otherwise) {
        return json.keys().contains(key) ? json.number(key, 0) : otherwise;
    }

    @Override
    boolean tiedUnlessSaid() {
        return true;
    }

    @Override
    void requireActivation(ConfigReader json) {
        for (String key : new String[] {"hidden_activation", "hidden_act"}) {
            String activation = json.text(key, ACTIVATION);
            if (!activation.equals(ACTIVATION)) {
                throw json.failure(
                        "activation '" + activation + "' is not supported", "use a model with " + ACTIVATION);
            }
        }
    }

    @Override
    boolean slides(ConfigReader json) {
        if (!json.keys().contains(WINDOW)) {
            throw json.failure(WINDOW + " is missing", "use the config.json of a Hugging Face checkpoint");
        }
        return true;
    }

    @Override
    public ObjectNode write(ModelConfig config) {
        Multipliers numbers = ((LlamaConfig) config).numbers();
        ObjectNode json = super.write(config);
        json.remove(Arrays.asList("use_sliding_window", "mlp_bias"));
        if (!json.has(WINDOW)) {
            json.putNull(WINDOW);
        }
        json.put("hidden_act", ACTIVATION);
        json.put("hidden_activation", ACTIVATION);
        json.put(SCALAR, Math.round(1 / (numbers.scores() * numbers.scores())));
        putCap(json, SCORE_CAP, numbers.scoreCap());
        putCap(json, LOGIT_CAP, numbers.logitCap());
        return json;
    }

    private static void putCap(ObjectNode json, String key, double cap) {
        if (cap == 0) {
            json.putNull(key);
        } else {
            json.put(key, cap);
        }
    }

    @Override
    public void resize(ObjectNode json, ModelConfig config) {
        super.resize(json, config);
        double factor = ((LlamaConfig) config).numbers().embedding();
        json.remove(EMBEDDING);
        if (factor != Math.sqrt(config.hidden())) {
            json.put(EMBEDDING, factor);
        }
    }

    @Override
    public Optional<String> stockRefusal(ModelConfig config) {
        return ((LlamaConfig) config).numbers().embedding() == Math.sqrt(config.hidden())
                ? Optional.empty()
                : Optional.of("the class multiplies embeddings by the root of the channels that are left");
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new GemmaDecoder((LlamaConfig) config, pass);
    }

    @Override
    public double[] constant(ModelConfig config, String name, int rows) {
        if (!name.endsWith(GemmaDecoder.ONES)) {
            return super.constant(config, name, rows);
        }
        double[] ones = new double[rows];
        Arrays.fill(ones, 1);
        return ones;
    }
}
