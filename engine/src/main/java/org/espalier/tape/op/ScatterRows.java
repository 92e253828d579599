package org.espalier.tape.op;

import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.tape.Coupling;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/**
 * Writes rows into a state: how new keys and values enter a cache. It has no derivative, because a state outlives the run.
 *
 * @param source {@code [tokens, ...]}
 * @param rows   {@code [tokens]}, where each goes
 * @param state  {@code [capacity, ...]}
 */
public record ScatterRows(Value source, Value rows, Value state) implements Op {

    public ScatterRows {
        Operands.require(
                state.role() == Value.Role.STATE
                        && source.shape().rank() == state.shape().rank()
                        && Operands.has(rows, source.shape().dim(0))
                        && Arrays.equals(rowDims(source), rowDims(state)),
                "scatterRows",
                source,
                rows,
                state);
    }

    private static long[] rowDims(Value value) {
        return Arrays.copyOfRange(value.shape().toArray(), 1, value.shape().rank());
    }

    /** Records the write; reading {@code state} afterwards sees the new rows. */
    public static void record(Tape tape, Value source, Value rows, Value state) {
        tape.record(new ScatterRows(source, rows, state));
    }

    @Override
    public String kind() {
        return "scatterRows";
    }

    @Override
    public List<Value> inputs() {
        return List.of(source, rows);
    }

    @Override
    public List<Value> outputs() {
        return List.of(state);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of();
    }

    @Override
    public void forward(Step step) {
        step.backend().scatterRows(step.queue(), step.value(source), step.value(rows), step.value(state));
    }

    @Override
    public void backward(Step step) {
        throw new IllegalStateException("a state cannot be differentiated: " + state);
    }

    @Override
    public long flops() {
        return 0;
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new ScatterRows(replacement.apply(source), replacement.apply(rows), replacement.apply(state));
    }

    @Override
    public void couple(Coupling c) {
        c.freeze(c.axis(source, 0), "tokens");
        c.freeze(c.axis(state, 0), "cache rows");
        for (int axis = 1; axis < source.shape().rank(); axis++) {
            c.same(c.axis(source, axis), c.axis(state, axis));
        }
    }
}
