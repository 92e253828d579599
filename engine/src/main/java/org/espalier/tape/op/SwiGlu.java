package org.espalier.tape.op;

import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.backend.Target;
import org.espalier.tape.Coupling;
import org.espalier.tape.Element;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * {@code out = silu(gate) · up}.
 *
 * @param gate {@code [tokens, neurons]}
 * @param up   {@code [tokens, neurons]}
 * @param out  {@code [tokens, neurons]}
 */
public record SwiGlu(Value gate, Value up, Value out) implements Op {

    public SwiGlu {
        Operands.require(
                gate.shape().rank() == 2
                        && up.shape().equals(gate.shape())
                        && out.shape().equals(gate.shape()),
                "swiGlu",
                gate,
                up,
                out);
        Operands.requireApart("swiGlu", gate, up);
    }

    /** Records the gated product. */
    public static Value record(Tape tape, Value gate, Value up) {
        Value out = tape.activation("gated", Element.REAL, gate.shape().toArray());
        tape.record(new SwiGlu(gate, up, out));
        return out;
    }

    @Override
    public String kind() {
        return "swiGlu";
    }

    @Override
    public List<Value> inputs() {
        return List.of(gate, up);
    }

    @Override
    public List<Value> outputs() {
        return List.of(out);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(gate, up);
    }

    @Override
    public void forward(Step step) {
        step.backend().swiGlu(step.queue(), step.value(gate), step.value(up), step.value(out));
    }

    @Override
    public void backward(Step step) {
        Target toGate = step.target(gate);
        Target toUp = step.target(up);
        if (toGate == null && toUp == null) {
            return;
        }
        step.backend().swiGluBackward(step.queue(), step.value(gate), step.value(up), step.gradient(out), toGate, toUp);
    }

    @Override
    public long flops() {
        return 5 * gate.shape().elements();
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new SwiGlu(replacement.apply(gate), replacement.apply(up), replacement.apply(out));
    }

    @Override
    public void couple(Coupling c) {
        for (int axis = 0; axis < 2; axis++) {
            c.same(c.axis(gate, axis), c.axis(up, axis));
            c.same(c.axis(gate, axis), c.axis(out, axis));
        }
    }
}
