package org.espalier.model.arch;

import java.util.List;
import java.util.stream.IntStream;
import org.espalier.format.ExpertNames;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.Pass;
import org.espalier.model.arch.LlamaConfig.Mixture;
import org.espalier.tape.Value;
import org.espalier.tape.op.Combine;
import org.espalier.tape.op.Dispatch;
import org.espalier.tape.op.Route;
import org.espalier.tape.op.Routing;

/**
 * A LLaMA-like model in some layers of which each token is given to k of E experts, gated MLPs of their own: a router's logits say to
 * which, and how much of the output of each is added.
 */
class ExpertDecoder extends LlamaDecoder {

    /** What transformers call them in every family. */
    static final ExpertNames.Together TOGETHER = new ExpertNames.Together("mlp", "gate_up_proj", "down_proj");

    private final ExpertNames names;

    ExpertDecoder(LlamaConfig config, Pass pass, ExpertNames names) {
        super(config, pass);
        this.names = names;
    }

    @Override
    final Value mlp(Value x, String prefix, LayerConfig sizes) {
        if (sizes.experts() == 0) {
            return super.mlp(x, prefix, sizes);
        }
        Mixture mixture = config.mixture();
        Value logits = pass.project(x, prefix + names.router(), sizes.experts(), false); // [T, E]
        Routing routing = Route.record(tape, logits, mixture.perToken(), mixture.normalised());
        Value rows = Dispatch.record(tape, x, routing); // [T · k, C]
        Value gate = pass.projectExperts(rows, routing, all(prefix, names.gate(), sizes), sizes.intermediate());
        Value up = pass.projectExperts(rows, routing, all(prefix, names.up(), sizes), sizes.intermediate());
        Value made = pass.projectExperts(
                gated(gate, up), routing, all(prefix, names.down(), sizes), config.hidden()); // [T · k, C]
        return Combine.record(tape, made, routing);
    }

    private List<String> all(String prefix, String projection, LayerConfig sizes) {
        return IntStream.range(0, sizes.experts())
                .mapToObj(expert -> prefix + names.expert(expert) + projection)
                .toList();
    }
}
