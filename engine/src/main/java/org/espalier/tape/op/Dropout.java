package org.espalier.tape.op;

import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.backend.DropoutMask;
import org.espalier.backend.Target;
import org.espalier.tape.Coupling;
import org.espalier.tape.Element;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * {@code out = x} with some numbers left out and the others scaled so that the mean stays (Srivastava et al. 2014). Which
 * ones is computed again in the backward step.
 *
 * @param x     any shape
 * @param rate  part left out
 * @param index tells the dropouts of a tape apart
 * @param out   the same shape
 */
public record Dropout(Value x, double rate, int index, Value out) implements Op {

    public Dropout {
        Operands.require(x.shape().equals(out.shape()), "dropout", x, out);
    }

    /** Records the choice. */
    public static Value record(Tape tape, Value x, double rate, int index) {
        Value out = tape.activation("thinned", Element.REAL, x.shape().toArray());
        tape.record(new Dropout(x, rate, index, out));
        return out;
    }

    @Override
    public String kind() {
        return "dropout";
    }

    @Override
    public List<Value> inputs() {
        return List.of(x);
    }

    @Override
    public List<Value> outputs() {
        return List.of(out);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of();
    }

    @Override
    public void forward(Step step) {
        step.backend().dropout(step.queue(), step.value(x), mask(step), Target.overwrite(step.value(out)));
    }

    @Override
    public void backward(Step step) {
        Target toX = step.target(x);
        if (toX != null) {
            step.backend().dropout(step.queue(), step.gradient(out), mask(step), toX);
        }
    }

    private DropoutMask mask(Step step) {
        return new DropoutMask(rate, step.seed(), step.run(), index);
    }

    @Override
    public long flops() {
        return x.shape().elements();
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Dropout(replacement.apply(x), rate, index, replacement.apply(out));
    }

    @Override
    public void couple(Coupling c) {
        for (int axis = 0; axis < x.shape().rank(); axis++) {
            c.same(c.axis(x, axis), c.axis(out, axis));
        }
    }
}
