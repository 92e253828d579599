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
 * {@code y = factor · x}: the multiplier of embeddings or logits.
 *
 * @param x      any shape
 * @param factor the same for every number
 * @param y      the same shape
 */
public record Scale(Value x, double factor, Value y) implements Op {

    public Scale {
        Operands.require(y.shape().equals(x.shape()), "scale", x, y);
    }

    /** Records the multiple. */
    public static Value record(Tape tape, Value x, double factor) {
        Value y = tape.activation("scaled", Element.REAL, x.shape().toArray());
        tape.record(new Scale(x, factor, y));
        return y;
    }

    @Override
    public String kind() {
        return "scale";
    }

    @Override
    public List<Value> inputs() {
        return List.of(x);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of();
    }

    @Override
    public void forward(Step step) {
        step.backend().accumulate(step.queue(), step.value(x), factor, Target.overwrite(step.value(y)));
    }

    @Override
    public void backward(Step step) {
        Target toX = step.target(x);
        if (toX != null) {
            step.backend().accumulate(step.queue(), step.gradient(y), factor, toX);
        }
    }

    @Override
    public long flops() {
        return y.shape().elements();
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Scale(replacement.apply(x), factor, replacement.apply(y));
    }

    @Override
    public void couple(Coupling c) {
        Operands.sameAxes(c, x, y);
    }
}
