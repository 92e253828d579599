package org.espalier.tape.op;

import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.backend.Target;
import org.espalier.tape.Branch;
import org.espalier.tape.Coupling;
import org.espalier.tape.Element;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * {@code out = a + scale · b}: the residual connection, and a scaled branch beside a layer.
 *
 * @param a     any shape
 * @param b     the same shape
 * @param scale multiplies {@code b}
 * @param out   the same shape
 */
public record Add(Value a, Value b, double scale, Value out) implements Op {

    public Add {
        Operands.require(a.shape().equals(b.shape()) && a.shape().equals(out.shape()), "add", a, b, out);
    }

    /** Records the sum. */
    public static Value record(Tape tape, Value a, Value b, double scale) {
        Value out = tape.activation("sum", Element.REAL, a.shape().toArray());
        tape.record(new Add(a, b, scale, out));
        return out;
    }

    /**
     * Adds a branch of the present layer onto the residual stream, and notes it on the tape.
     *
     * @param source what the branch was computed from
     * @return {@code stream + factor · output}
     */
    public static Value branch(Tape tape, Branch.Kind kind, Value source, Value stream, Value output, double factor) {
        return branch(tape, kind, source, stream, stream, output, factor);
    }

    /**
     * As above, where the branch is added onto something that was computed from the stream.
     *
     * @param stream what goes on where the branch is left out
     * @return {@code onto + factor · output}
     */
    public static Value branch(
            Tape tape, Branch.Kind kind, Value source, Value stream, Value onto, Value output, double factor) {
        Value sum = record(tape, onto, output, factor);
        tape.branch(kind, source, stream, onto, output, factor, sum);
        return sum;
    }

    @Override
    public String kind() {
        return "add";
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
        return List.of();
    }

    @Override
    public void forward(Step step) {
        step.backend().add(step.queue(), step.value(a), step.value(b), scale, step.value(out));
    }

    @Override
    public void backward(Step step) {
        pass(step, a, 1);
        pass(step, b, scale);
    }

    private void pass(Step step, Value input, double factor) {
        Target target = step.target(input);
        if (target != null) {
            step.backend().accumulate(step.queue(), step.gradient(out), factor, target);
        }
    }

    @Override
    public long flops() {
        return out.shape().elements();
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Add(replacement.apply(a), replacement.apply(b), scale, replacement.apply(out));
    }

    @Override
    public void couple(Coupling c) {
        for (int axis = 0; axis < a.shape().rank(); axis++) {
            c.same(c.axis(a, axis), c.axis(b, axis));
            c.same(c.axis(a, axis), c.axis(out, axis));
        }
    }
}
