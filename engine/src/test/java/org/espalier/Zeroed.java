package org.espalier;

import java.util.LinkedHashMap;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.couple.Member;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.couple.Units;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;
import org.espalier.model.PrunedConfig;
import org.espalier.model.Transformer;
import org.espalier.model.Transformer.Recording;
import org.espalier.model.Weights;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig;
import org.espalier.tape.Branch;
import org.espalier.tape.Executor;
import org.espalier.tape.Value;
import org.espalier.tensor.Tensor;

/**
 * What a model computes that still has everything, but with 0 in what is removed. Where channels of the residual stream go,
 * its norms run over the kept ones only: the mean square of all C channels is that of the C' kept ones times C'/C, so that
 * norm weights times the root of C'/C, with an epsilon of C'/C of the old one, give the same.
 */
public final class Zeroed {

    private Zeroed() {}

    /** Logits of every token. */
    public static double[] logits(Model model, Packed tokens, Backend backend) {
        Recording recording = model.transformer().logits(tokens.tokens());
        try (Executor executor = Executor.inference(backend, recording.tape(), model.leaves(Map.of()))) {
            tokens.feed(executor, recording);
            executor.forward(tokens.sequences());
            return executor.read(recording.logits());
        }
    }

    /** Logits of every token with what is selected zeroed. */
    public static double[] logits(Model model, Selection selection, Packed tokens, Backend backend) {
        double share = (double) PrunedConfig.of(model.config(), selection).hidden()
                / model.config().hidden();
        Map<String, Tensor> weights = new LinkedHashMap<>();
        try (Queue queue = backend.newQueue()) {
            for (Value parameter : model.transformer().shape().leaves(Value.Role.PARAMETER)) {
                String name = parameter.name();
                Tensor weight = model.weights().tensor(name);
                Tensor copy = backend.allocate(backend.computeType(), weight.shape(), "copy of " + name);
                double[] numbers = HostCopy.readDoubles(backend, queue, weight);
                for (Units units :
                        Structure.of(new Transformer(model.config()).shape()).units()) {
                    zero(numbers, weight, name, units, selection);
                }
                zeroBranches(numbers, name, selection);
                if (name.endsWith("norm.weight")) {
                    scale(numbers, Math.sqrt(share));
                }
                HostCopy.writeDoubles(backend, queue, numbers, copy);
                weights.put(name, copy);
            }
        }
        LlamaConfig c = (LlamaConfig) model.config();
        ModelConfig config = new LlamaConfig(
                new Llama(),
                c.architecture(),
                c.modelType(),
                c.vocab(),
                c.hidden(),
                c.headDim(),
                c.layers(),
                c.eps() * share,
                c.rotary(),
                c.maxPositions(),
                c.tied(),
                c.attentionBias(),
                c.outputBias(),
                c.mlpBias());
        try (Model zeroed = Model.of(config, Weights.owning(weights), backend)) {
            return logits(zeroed, tokens, backend);
        }
    }

    private static void scale(double[] numbers, double by) {
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] *= by;
        }
    }

    private static void zeroBranches(double[] numbers, String name, Selection selection) {
        for (Branch branch : selection.structure().branches()) {
            String last = branch.kind() == Branch.Kind.ATTENTION ? "self_attn.o_proj" : "mlp.down_proj";
            if (selection.removed(branch) && name.startsWith("model.layers." + branch.layer() + "." + last)) {
                scale(numbers, 0);
            }
        }
    }

    private static void zero(double[] numbers, Tensor weight, String name, Units units, Selection selection) {
        int columns = weight.shape().columns();
        boolean vector = weight.shape().rank() == 1;
        for (Member member : units.members()) {
            if (member.tensor().name().equals(name)) {
                selection.removed(units).stream().forEach(unit -> {
                    for (long entry : units.entries(member, unit)) {
                        for (int i = 0; i < numbers.length; i++) {
                            int at = vector || member.axis() == 1 ? i % columns : i / columns;
                            numbers[i] = at == entry ? 0 : numbers[i];
                        }
                    }
                });
            }
        }
    }
}
