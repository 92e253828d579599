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

/** Qwen3: LLaMA with every query and key head normalised before it is rotated. */
@AutoService(Architecture.class)
public final class Qwen3 extends LlamaLike {

    /** Channels of a head where the configuration does not say it, whatever the other sizes are. */
    private static final int HEAD_DIM = 128;

    @Override
    public Map<String, String> modelTypes() {
        return Map.of("qwen3", "Qwen3ForCausalLM");
    }

    @Override
    public boolean layersAreBuiltAlone() {
        return true;
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        boolean attention = json.flag("attention_bias");
        return read(json, json.size("head_dim", HEAD_DIM), new Biases(attention, attention, false));
    }

    /** The last layers, where any. */
    @Override
    boolean slides(ConfigReader json, int layer) {
        return layer >= UsualSizes.fullLayers(json);
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new LlamaDecoder((LlamaConfig) config, pass) {
            @Override
            Value normalised(Value heads, String name) {
                return eachNormalised(heads, name);
            }
        };
    }
}
