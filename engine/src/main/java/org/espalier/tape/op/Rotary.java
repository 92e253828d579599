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
 * Rotary position embedding of every head, or of its first channels, the others passing; by one position of each token, or by
 * several, each of which turns a run of channels.
 *
 * @param x           {@code [tokens, heads, headDim]}
 * @param positions   {@code [tokens]}, or {@code [tokens, runs]}
 * @param table       cosines, then sines: {@code [maxPositions, 2, rotaryDim / 2]}
 * @param interleaved whether pairs are neighbours, else {@code rotaryDim / 2} apart
 * @param y           {@code [tokens, heads, headDim]}
 */
public record Rotary(Value x, Value positions, Value table, boolean interleaved, Value y) implements Op {

    public Rotary {
        Operands.require(
                x.shape().rank() == 3
                        && y.shape().equals(x.shape())
                        && (Operands.has(positions, x.shape().dim(0))
                                || Operands.has(positions, x.shape().dim(0), runs(positions)))
                        && table.shape().rank() == 3
                        && table.shape().dim(1) == 2
                        && 2 * table.shape().dim(2) * runs(positions)
                                <= x.shape().dim(2),
                "rotary",
                x,
                positions,
                table,
                y);
    }

    private static long runs(Value positions) {
        return positions.shape().rank() < 2 ? 1 : positions.shape().dim(1);
    }

    /** Records the rotation. */
    public static Value record(Tape tape, Value x, Value positions, Value table, boolean interleaved) {
        Value y = tape.activation(x.name() + " rotated", Element.REAL, x.shape().toArray());
        tape.record(new Rotary(x, positions, table, interleaved, y));
        return y;
    }

    @Override
    public String kind() {
        return "rotary";
    }

    @Override
    public List<Value> inputs() {
        return List.of(x, positions, table);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of(positions, table);
    }

    @Override
    public void forward(Step step) {
        step.backend()
                .rotary(
                        step.queue(),
                        step.value(x),
                        step.value(positions),
                        step.value(table),
                        interleaved,
                        false,
                        Target.overwrite(step.value(y)));
    }

    @Override
    public void backward(Step step) {
        Target toX = step.target(x);
        if (toX != null) {
            step.backend()
                    .rotary(
                            step.queue(),
                            step.gradient(y),
                            step.value(positions),
                            step.value(table),
                            interleaved,
                            true,
                            toX);
        }
    }

    @Override
    public long flops() {
        return 3 * x.shape().elements();
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Rotary(
                replacement.apply(x),
                replacement.apply(positions),
                replacement.apply(table),
                interleaved,
                replacement.apply(y));
    }

    @Override
    public void couple(Coupling c) {
        c.freeze(c.axis(x, 0), "tokens");
        for (int axis = 0; axis < 3; axis++) {
            c.same(c.axis(x, axis), c.axis(y, axis));
        }
        c.freeze(c.axis(table, 0), "positions");
        c.freeze(c.axis(table, 1), "cosine and sine");
        Coupling.Axis pairs = c.axis(table, 2);
        Coupling.Axis halves = c.fresh(2);
        c.freeze(halves, "the two halves of a rotation");
        Coupling.Axis[] parts = new Coupling.Axis[Math.toIntExact(runs(positions)) + 1];
        for (int run = 0; run < parts.length - 1; run++) {
            parts[run] = interleaved ? c.product(pairs, halves) : c.product(halves, pairs);
            c.tie(parts[run]);
        }
        parts[parts.length - 1] = c.fresh(x.shape().dim(2) - 2 * table.shape().dim(2) * runs(positions));
        c.same(c.axis(x, 2), c.sum(parts));
    }
}
