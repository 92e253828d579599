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
 * The sum of what its experts make of each token, times their factors.
 *
 * @param y       {@code [tokens · k, channels]}, sorted by expert
 * @param routing which rows there are
 * @param out     {@code [tokens, channels]}
 */
public record Combine(Value y, Routing routing, Value out) implements Op {

    public Combine {
        Operands.require(
                y.shape().rank() == 2
                        && y.shape().dim(0) == routing.rows()
                        && Operands.has(
                                out, routing.factors().shape().dim(0), y.shape().dim(1)),
                "combine",
                y,
                routing.factors(),
                routing.sorted(),
                routing.places(),
                out);
    }

    /** Records the sum. */
    public static Value record(Tape tape, Value y, Routing routing) {
        Value out = tape.activation(
                "outputs of experts together",
                Element.REAL,
                routing.factors().shape().dim(0),
                y.shape().dim(1));
        tape.record(new Combine(y, routing, out));
        return out;
    }

    @Override
    public String kind() {
        return "combine";
    }

    @Override
    public List<Value> inputs() {
        return List.of(y, routing.factors(), routing.sorted(), routing.places(), routing.starts());
    }

    @Override
    public List<Value> outputs() {
        return List.of(out);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(y, routing.factors(), routing.sorted(), routing.places());
    }

    @Override
    public void forward(Step step) {
        step.backend()
                .joinRows(
                        step.queue(),
                        step.value(y),
                        step.value(routing.places()),
                        step.value(routing.factors()),
                        Target.overwrite(step.value(out)));
    }

    @Override
    public void backward(Step step) {
        Target toY = step.target(y);
        Target toFactors = step.target(routing.factors());
        if (toY != null) {
            step.backend()
                    .spreadRows(
                            step.queue(),
                            step.gradient(out),
                            step.value(routing.sorted()),
                            step.value(routing.factors()),
                            toY);
        }
        if (toFactors != null) {
            step.backend()
                    .rowDots(step.queue(), step.gradient(out), step.value(y), step.value(routing.places()), toFactors);
        }
    }

    @Override
    public long flops() {
        return 2 * y.shape().elements();
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Combine(replacement.apply(y), routing.with(replacement), replacement.apply(out));
    }

    @Override
    public void couple(Coupling c) {
        for (Value rows : List.of(y, out, routing.factors(), routing.sorted(), routing.places())) {
            c.freeze(c.axis(rows, 0), "tokens");
        }
        c.freeze(c.axis(routing.factors(), 1), "experts of a token");
        c.axis(routing.starts(), 0);
        c.same(c.axis(y, 1), c.axis(out, 1));
    }
}
