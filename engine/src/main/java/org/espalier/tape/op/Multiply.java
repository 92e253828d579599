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
 * {@code out = a · b}, number by number.
 *
 * @param a   any shape
 * @param b   the same shape; may be {@code a}
 * @param out the same shape
 */
public record Multiply(Value a, Value b, Value out) implements Op {

    public Multiply {
        Operands.require(a.shape().equals(b.shape()) && a.shape().equals(out.shape()), "multiply", a, b, out);
    }

    /** Records the product. */
    public static Value record(Tape tape, Value a, Value b) {
        Value out = tape.activation("product", Element.REAL, a.shape().toArray());
        tape.record(new Multiply(a, b, out));
        return out;
    }

    @Override
    public String kind() {
        return "multiply";
    }

    @Override
    public List<Value> inputs() {
        return List.of(a, b);
    }

    @Override
    public List<Value> outputs() {
        return List.of(out);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(a, b);
    }

    @Override
    public void forward(Step step) {
        step.backend().multiply(step.queue(), step.value(a), step.value(b), Target.overwrite(step.value(out)));
    }

    @Override
    public void backward(Step step) {
        pass(step, a, b);
        pass(step, b, a);
    }

    /** One factor's gradient, which is asked for when the other's has been written: both may be the same value. */
    private void pass(Step step, Value factor, Value other) {
        Target target = step.target(factor);
        if (target != null) {
            step.backend().multiply(step.queue(), step.gradient(out), step.value(other), target);
        }
    }

    @Override
    public long flops() {
        return out.shape().elements();
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Multiply(replacement.apply(a), replacement.apply(b), replacement.apply(out));
    }

    @Override
    public void couple(Coupling c) {
        Operands.sameAxes(c, a, b);
        Operands.sameAxes(c, a, out);
    }
}
