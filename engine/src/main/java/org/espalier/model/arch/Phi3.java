package org.espalier.model.arch;

import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import org.espalier.model.Architecture;
import org.espalier.model.ConfigReader;
import org.espalier.model.Decoder;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Pass;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tape.Value;
import org.espalier.tape.op.Split;

/** Phi-3: LLaMA with queries, keys and values computed together, and gate and up as well. */
@AutoService(Architecture.class)
public final class Phi3 extends LlamaLike {

    @Override
    public Map<String, String> modelTypes() {
        return Map.of("phi3", "Phi3ForCausalLM");
    }

    @Override
    public boolean layersAreBuiltAlone() {
        return true;
    }

    @Override
    public ModelConfig read(ConfigReader json) {
        return read(json, UsualSizes.headDim(json), Biases.NONE);
    }

    /** A window counts wherever there is one. */
    @Override
    boolean slides(ConfigReader json) {
        super.slides(json);
        return true;
    }

    @Override
    public List<String> adapterTargets() {
        return List.of("qkv_proj", "o_proj", "gate_up_proj", "down_proj");
    }

    @Override
    public Decoder decoder(ModelConfig config, Pass pass) {
        return new LlamaDecoder((LlamaConfig) config, pass) {
            @Override
            List<Value> projections(Value x, String block, LayerConfig sizes) {
                long queries = (long) sizes.heads() * this.config.headDim();
                long keys = (long) sizes.kvHeads() * this.config.headDim();
                Value fused = pass.project(x, block + "qkv_proj", queries + 2 * keys, false); // [T, (H + 2 G) · D]
                return Split.record(tape, fused, queries, keys, keys);
            }

            @Override
            List<Value> gateAndUp(Value x, String block, int neurons) {
                Value fused = pass.project(x, block + "gate_up_proj", 2L * neurons, false); // [T, 2 · I]
                return Split.record(tape, fused, neurons, neurons);
            }
        };
    }
}
