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
 * Each token's numbers to its rows among those of all experts.
 *
 * @param x       {@code [tokens, channels]}
 * @param routing which rows there are
 * @param y       {@code [tokens · k, channels]}, sorted by expert
 */
public record Dispatch(Value x, Routing routing, Value y) implements Op {

    public Dispatch {
        Operands.require(
                x.shape().rank() == 2
                        && Operands.has(y, routing.rows(), x.shape().dim(1))
                        && routing.rows() == x.shape().dim(0) * routing.perToken(),
                "dispatch",
                x,
                routing.sorted(),
                routing.places(),
                y);
    }

    /** Records the copies. */
    public static Value record(Tape tape, Value x, Routing routing) {
        Value y = tape.activation(
                "inputs of experts", Element.REAL, routing.rows(), x.shape().dim(1));
        tape.record(new Dispatch(x, routing, y));
        return y;
    }

    @Override
    public String kind() {
        return "dispatch";
    }

    @Override
    public List<Value> inputs() {
        return List.of(x, routing.sorted(), routing.places());
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(routing.places());
    }

    @Override
    public void forward(Step step) {
        step.backend()
                .spreadRows(
                        step.queue(),
                        step.value(x),
                        step.value(routing.sorted()),
                        null,
                        Target.overwrite(step.value(y)));
    }

    @Override
    public void backward(Step step) {
        Target toX = step.target(x);
        if (toX != null) {
            step.backend().joinRows(step.queue(), step.gradient(y), step.value(routing.places()), null, toX);
        }
    }

    @Override
    public long flops() {
        return 0;
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Dispatch(replacement.apply(x), routing.with(replacement), replacement.apply(y));
    }

    @Override
    public void couple(Coupling c) {
        for (Value rows : List.of(x, y, routing.sorted(), routing.places())) {
            c.freeze(c.axis(rows, 0), "tokens");
        }
        c.same(c.axis(x, 1), c.axis(y, 1));
    }
}
