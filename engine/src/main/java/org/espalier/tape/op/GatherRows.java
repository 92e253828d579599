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
 * {@code out[i] = source[rows[i]]}: the tokens whose logits are needed. No row may be named twice where gradients are wanted.
 *
 * @param source {@code [tokens, channels]}
 * @param rows   {@code [n]}
 * @param out    {@code [n, channels]}
 */
public record GatherRows(Value source, Value rows, Value out) implements Op {

    public GatherRows {
        Operands.require(
                source.shape().rank() == 2
                        && rows.shape().rank() == 1
                        && Operands.has(out, rows.shape().dim(0), source.shape().dim(1)),
                "gatherRows",
                source,
                rows,
                out);
    }

    /** Records the selection. */
    public static Value record(Tape tape, Value source, Value rows) {
        Value out = tape.activation(
                "selected", Element.REAL, rows.shape().dim(0), source.shape().dim(1));
        tape.record(new GatherRows(source, rows, out));
        return out;
    }

    @Override
    public String kind() {
        return "gatherRows";
    }

    @Override
    public List<Value> inputs() {
        return List.of(source, rows);
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
        step.backend().gatherRows(step.queue(), step.value(source), step.value(rows), step.value(out));
    }

    @Override
    public void backward(Step step) {
        Target toSource = step.target(source);
        if (toSource == null) {
            return;
        }
        if (toSource.beta() != 0) {
            throw new IllegalStateException("the source of selected rows has a second use: " + source);
        }
        step.backend().fill(step.queue(), toSource.tensor(), 0);
        step.backend().scatterRows(step.queue(), step.gradient(out), step.value(rows), toSource.tensor());
    }

    @Override
    public long flops() {
        return 0;
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new GatherRows(replacement.apply(source), replacement.apply(rows), replacement.apply(out));
    }

    @Override
    public void couple(Coupling c) {
        c.freeze(c.axis(source, 0), "tokens");
        c.freeze(c.axis(out, 0), "tokens");
        c.same(c.axis(source, 1), c.axis(out, 1));
    }
}
