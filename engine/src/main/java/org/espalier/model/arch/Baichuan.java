package org.espalier.model.arch;

import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Pass;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tape.Value;
import org.espalier.tape.op.Split;

/** Baichuan-7B: LLaMA with queries, keys and values in one projection. */
@AutoService(Architecture.class)
public final class Baichuan extends LlamaLike {

    private static final String CLASS = "BaiChuanForCausalLM";

    @Override
    public Map<String, String> modelTypes() {
        return Map.of("baichuan", CLASS);
    }

    /** Its relatives of the same type compute otherwise: the 13B has no rotary positions, and Baichuan 2 normalises its head. */
    @Override
    public ModelConfig read(ConfigReader json) {
        String name = json.architecture(CLASS);
        if (!name.equals(CLASS)) {
            throw json.failure(
                    "the class of this model is '" + name + "', as that of Baichuan-13B and Baichuan 2 is",
                    "use Baichuan-7B, whose class is " + CLASS);
        }
        LlamaConfig config = read(json, UsualSizes.headDim(json), Biases.NONE);
        UsualSizes.requireOwnKeys(json, config);
        return config;
    }

    @Override
    public Optional<String> stockRefusal(ModelConfig config) {
        return UsualSizes.PUBLISHED_ALONE;
    }

    @Override
    public List<String> adapterTargets() {
        return List.of("W_pack", "o_proj", "gate_proj", "up_proj", "down_proj");
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new LlamaDecoder((LlamaConfig) config, pass) {
            @Override
            List<Value> projections(Value x, String block, LayerConfig sizes) {
                long width = (long) sizes.heads() * this.config.headDim();
                Value fused = pass.project(x, block + "W_pack", 3 * width, false); // [T, 3 · H · D]
                return Split.record(tape, fused, width, width, width);
            }
        };
    }
}
