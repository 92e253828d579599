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
 * Looks token ids up in a table.
 *
 * @param ids   {@code [tokens]}
 * @param table {@code [vocab, channels]}
 * @param out   {@code [tokens, channels]}
 */
public record Embedding(Value ids, Value table, Value out) implements Op {

    public Embedding {
        Operands.require(
                ids.shape().rank() == 1
                        && table.shape().rank() == 2
                        && Operands.has(out, ids.shape().dim(0), table.shape().dim(1)),
                "embedding",
                ids,
                table,
                out);
    }

    /** Records the look-up. */
    public static Value record(Tape tape, Value ids, Value table) {
        Value out = tape.activation(
                "embedded", Element.REAL, ids.shape().dim(0), table.shape().dim(1));
        tape.record(new Embedding(ids, table, out));
        return out;
    }

    @Override
    public String kind() {
        return "embedding";
    }

    @Override
    public List<Value> inputs() {
        return List.of(ids, table);
    }

    @Override
    public List<Value> outputs() {
        return List.of(out);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(ids);
    }

    @Override
    public void forward(Step step) {
        step.backend().embedding(step.queue(), step.value(ids), step.value(table), step.value(out));
    }

    @Override
    public void backward(Step step) {
        Target target = step.target(table);
        if (target == null) {
            return;
        }
        if (target.beta() == 0) {
            step.backend().fill(step.queue(), target.tensor(), 0);
        }
        step.backend().embeddingBackward(step.queue(), step.value(ids), step.gradient(out), target.tensor());
    }

    @Override
    public long flops() {
        return 0;
    }

    @Override
    public List<WeightUse> weights() {
        return List.of(new WeightUse(WeightUse.Kind.LOOKUP, table, ids, out, null));
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Embedding(replacement.apply(ids), replacement.apply(table), replacement.apply(out));
    }

    @Override
    public void couple(Coupling c) {
        c.same(c.axis(table, 0), c.vocabulary(table.shape().dim(0)));
        c.freeze(c.axis(out, 0), "tokens");
        c.same(c.axis(table, 1), c.axis(out, 1));
    }
}
