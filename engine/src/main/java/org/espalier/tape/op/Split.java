package org.espalier.tape.op;

import java.util.ArrayList;
import java.util.Arrays;
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
 * The last axis in parts, one after the other: what a fused projection has computed together. Parts of every head come from
 * a view with an axis of heads before the last.
 *
 * @param x     {@code [..., all]}
 * @param parts {@code [..., part]} each, the parts being {@code all} together
 */
public record Split(Value x, List<Value> parts) implements Op {

    public Split {
        parts = List.copyOf(parts);
        Operands.require(fit(x, parts), "split", operands(x, parts).toArray(Value[]::new));
    }

    private static boolean fit(Value x, List<Value> parts) {
        long all = 0;
        for (Value part : parts) {
            if (!Arrays.equals(shape(x, part.shape().dim(-1)), part.shape().toArray())) {
                return false;
            }
            all += part.shape().dim(-1);
        }
        return all == x.shape().dim(-1);
    }

    /** The shape of {@code x} with another last axis. */
    private static long[] shape(Value x, long last) {
        long[] dims = x.shape().toArray();
        dims[dims.length - 1] = last;
        return dims;
    }

    private static List<Value> operands(Value x, List<Value> parts) {
        List<Value> operands = new ArrayList<>(List.of(x));
        operands.addAll(parts);
        return operands;
    }

    /** Records the parts of these widths. */
    public static List<Value> record(Tape tape, Value x, long... widths) {
        List<Value> parts = Arrays.stream(widths)
                .mapToObj(width -> tape.activation(x.name() + " part", Element.REAL, shape(x, width)))
                .toList();
        tape.record(new Split(x, parts));
        return parts;
    }

    @Override
    public String kind() {
        return "split";
    }

    @Override
    public List<Value> inputs() {
        return List.of(x);
    }

    @Override
    public List<Value> outputs() {
        return parts;
    }

    @Override
    public List<Value> backwardReads() {
        return List.of();
    }

    @Override
    public void forward(Step step) {
        long first = 0;
        for (Value part : parts) {
            long width = part.shape().dim(-1);
            step.backend()
                    .copyColumns(step.queue(), step.value(x), first, Target.overwrite(step.value(part)), 0, width);
            first += width;
        }
    }

    @Override
    public void backward(Step step) {
        Target toX = step.target(x);
        if (toX == null) {
            return;
        }
        if (!toX.accumulates() && !parts.stream().allMatch(step::hasGradient)) {
            step.backend().fill(step.queue(), toX.tensor(), 0);
            toX = Target.accumulate(toX.tensor());
        }
        long first = 0;
        for (Value part : parts) {
            long width = part.shape().dim(-1);
            if (step.hasGradient(part)) {
                step.backend().copyColumns(step.queue(), step.gradient(part), 0, toX, first, width);
            }
            first += width;
        }
    }

    @Override
    public long flops() {
        return 0;
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new Split(replacement.apply(x), parts.stream().map(replacement).toList());
    }

    @Override
    public void couple(Coupling c) {
        for (int axis = 0; axis < x.shape().rank() - 1; axis++) {
            for (Value part : parts) {
                c.same(c.axis(x, axis), c.axis(part, axis));
            }
        }
        c.same(c.axis(x, -1), c.sum(parts.stream().map(part -> c.axis(part, -1)).toArray(Coupling.Axis[]::new)));
    }
}
