package org.espalier.model.arch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import java.util.Map;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.ModelConfig;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.model.arch.LlamaConfig.Multipliers;

/** Granite: LLaMA with factors of embeddings, of branches and of scores, and a divisor of logits. */
@AutoService(Architecture.class)
public final class Granite extends LlamaLike {

    private static final String EMBEDDING = "embedding_multiplier";
    private static final String RESIDUAL = "residual_multiplier";
    private static final String ATTENTION = "attention_multiplier";
    private static final String LOGITS = "logits_scaling";

    @Override
    public Map<String, String> modelTypes() {
        return Map.of("granite", "GraniteForCausalLM");
    }

    @Override
    public boolean layersAreBuiltAlone() {
        return true;
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        boolean attention = json.flag("attention_bias");
        Biases biases = new Biases(attention, attention, json.flag("mlp_bias"));
        return read(json, UsualSizes.headDim(json), biases)
                .with(new Multipliers(
                        json.number(EMBEDDING, 1),
                        json.number(RESIDUAL, 1),
                        json.number(ATTENTION, 1),
                        json.number(LOGITS, 1)));
    }

    @Override
    public ObjectNode write(ModelConfig config) {
        Multipliers numbers = ((LlamaConfig) config).numbers();
        return super.write(config)
                .put(EMBEDDING, numbers.embedding())
                .put(RESIDUAL, numbers.residual())
                .put(ATTENTION, numbers.scores())
                .put(LOGITS, numbers.logits());
    }
}
