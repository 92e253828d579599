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
import org.espalier.tape.WeightUse;

/**
 * {@code y = x wᵀ + bias}.
 *
 * @param x    {@code [tokens, in]}
 * @param w    {@code [out, in]}
 * @param bias {@code [out]}, or null
 * @param y    {@code [tokens, out]}
 */
public record Linear(Value x, Value w, Value bias, Value y) implements Op {

    public Linear {
        Operands.require(
                x.shape().rank() == 2
                        && w.shape().rank() == 2
                        && x.shape().dim(1) == w.shape().dim(1)
                        && (bias == null || Operands.has(bias, w.shape().dim(0)))
                        && Operands.has(y, x.shape().dim(0), w.shape().dim(0)),
                "linear",
                x,
                w,
                bias,
                y);
        Operands.requireApart("linear", x, w);
    }

    /** Records the product; {@code bias} may be null. */
    public static Value record(Tape tape, Value x, Value w, Value bias) {
        Value y = tape.activation(
                w.name() + " output", Element.REAL, x.shape().dim(0), w.shape().dim(0));
        tape.record(new Linear(x, w, bias, y));
        return y;
    }

    @Override
    public String kind() {
        return "linear";
    }

    @Override
    public List<Value> inputs() {
        return Operands.present(x, w, bias);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(x, w);
    }

    @Override
    public void forward(Step step) {
        step.backend()
                .linear(
                        step.queue(),
                        step.value(x),
                        step.value(w),
                        bias == null ? null : step.value(bias),
                        step.value(y));
    }

    @Override
    public void backward(Step step) {
        Target toX = step.target(x);
        Target toW = step.target(w);
        Target toBias = bias == null ? null : step.target(bias);
        if (toW != null) {
            step.backend().linearBackwardWeight(step.queue(), step.value(x), step.gradient(y), toW);
        }
        if (toBias != null) {
            step.backend().linearBackwardBias(step.queue(), step.gradient(y), toBias);
        }
        if (toX != null) {
            step.backend().linearBackwardInput(step.queue(), step.gradient(y), step.value(w), toX);
        }
    }

    @Override
    public long flops() {
        return 2 * x.shape().dim(0) * w.shape().elements();
    }

    @Override
    public List<WeightUse> weights() {
        return WeightUse.product(w, x, y, bias);
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Linear(
                replacement.apply(x),
                replacement.apply(w),
                bias == null ? null : replacement.apply(bias),
                replacement.apply(y));
    }

    @Override
    public void couple(Coupling c) {
        c.same(c.axis(x, 0), c.axis(y, 0));
        c.same(c.axis(x, 1), c.axis(w, 1));
        c.same(c.axis(y, 1), c.axis(w, 0));
        if (bias != null) {
            c.same(c.axis(bias, 0), c.axis(w, 0));
        }
    }
}
