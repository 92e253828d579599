package org.espalier.model.arch;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig;
import org.espalier.model.Pass;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tape.Value;

/**
 * OLMo 2: LLaMA whose branches read the stream as it is and are normalised at their ends, with all queries together and all
 * keys together normalised before they are rotated.
 */
@AutoService(Architecture.class)
public final class Olmo2 extends LlamaLike {

    @Override
    public Map<String, String> modelTypes() {
        return Map.of("olmo2", "Olmo2ForCausalLM");
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        boolean attention = json.flag("attention_bias");
        return read(json, UsualSizes.headDim(json), new Biases(attention, attention, false));
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new LlamaDecoder((LlamaConfig) config, pass) {
            @Override
            Value attentionInput(Value stream, String prefix) {
                return stream;
            }

            @Override
            Value attentionOutput(Value attended, String prefix) {
                return norm(attended, prefix + "post_attention_layernorm");
            }

            @Override
            Value mlpInput(Value stream, String prefix) {
                return stream;
            }

            @Override
            Value mlpOutput(Value made, String prefix) {
                return norm(made, prefix + "post_feedforward_layernorm");
            }

            @Override
            Value normalised(Value heads, String name) {
                long width = heads.shape().dim(1) * heads.shape().dim(2);
                Value flat = tape.view(heads, heads.shape().dim(0), width); // [T, heads · D]
                return tape.view(norm(flat, name), heads.shape().toArray());
            }
        };
    }
}
