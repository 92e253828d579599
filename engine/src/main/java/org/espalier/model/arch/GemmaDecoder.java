package org.espalier.model.arch;

import org.espalier.backend.ActivationFunction;
import org.espalier.model.Pass;
import org.espalier.tape.Value;
import org.espalier.tape.op.Activation;
import org.espalier.tape.op.Add;
import org.espalier.tape.op.Multiply;
import org.espalier.tape.op.RmsNorm;

/**
 * The forward pass of a Gemma: LLaMA's with norms after each branch, too, which multiply by one more than their weight, and
 * gates of GELU. Shapes as there.
 */
class GemmaDecoder extends LlamaDecoder {

    /** Follows a norm's name in that of a constant {@code [channels]}. */
    static final String ONES = ".ones";

    GemmaDecoder(LlamaConfig config, Pass pass) {
        super(config, pass);
    }

    /** {@code x̂ (1 + w)} as {@code x̂ w + x̂}. */
    @Override
    Value norm(Value x, String name) {
        Value ones = tape.constant(name + ONES, x.shape().dim(1));
        Value plain = RmsNorm.record(tape, x, ones, config.eps());
        return Add.record(tape, super.norm(x, name), plain, 1);
    }

    @Override
    Value attentionOutput(Value attended, String prefix) {
        return norm(attended, prefix + "post_attention_layernorm");
    }

    @Override
    Value mlpInput(Value stream, String prefix) {
        return norm(stream, prefix + "pre_feedforward_layernorm");
    }

    @Override
    Value mlpOutput(Value made, String prefix) {
        return norm(made, prefix + "post_feedforward_layernorm");
    }

    @Override
    Value gated(Value gate, Value up) {
        return Multiply.record(tape, Activation.record(tape, ActivationFunction.GELU_TANH, gate), up);
    }
}
