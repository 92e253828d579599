package org.espalier.tape.op;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Target;
import org.espalier.tape.Coupling;
import org.espalier.tape.Element;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.WeightShare;
import org.espalier.tape.WeightUse;
import org.espalier.tensor.Tensor;

/**
 * {@code y = x wᵀ}, the rows of each expert with its own weight, one expert after the other: what it costs grows with the rows,
 * however many experts there are.
 *
 * @param x       {@code [tokens · k, in]}, sorted by expert
 * @param matrices {@code [out, in]}, one for each expert
 * @param routing which rows each expert has
 * @param y       {@code [tokens · k, out]}
 */
public record ExpertLinear(Value x, List<Value> matrices, Routing routing, Value y) implements Op {

    public ExpertLinear {
        matrices = List.copyOf(matrices);
        Operands.require(fit(x, matrices, routing, y), "expertLinear", x, matrices.getFirst(), routing.starts(), y);
    }

    private static boolean fit(Value x, List<Value> weights, Routing routing, Value y) {
        return x.shape().rank() == 2
                && x.shape().dim(0) == routing.rows()
                && y.shape().rank() == 2
                && y.shape().dim(0) == routing.rows()
                && weights.size() == routing.experts()
                && weights.stream()
                        .allMatch(
                                w -> Operands.has(w, y.shape().dim(1), x.shape().dim(1)));
    }

    /** Records the products. */
    public static Value record(Tape tape, Value x, List<Value> weights, Routing routing) {
        Value first = weights.getFirst();
        Value y = tape.activation(
                first.name() + " output and those of others",
                Element.REAL,
                x.shape().dim(0),
                first.shape().dim(0));
        tape.record(new ExpertLinear(x, weights, routing, y));
        return y;
    }

    @Override
    public String kind() {
        return "expertLinear";
    }

    @Override
    public List<Value> inputs() {
        List<Value> inputs = new ArrayList<>(List.of(x, routing.starts(), routing.sorted()));
        inputs.addAll(matrices);
        return inputs;
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public List<Value> backwardReads() {
        return inputs();
    }

    @Override
    public void forward(Step step) {
        int[] starts = starts(step);
        Tensor in = step.value(x);
        Tensor out = step.value(y);
        for (int e = 0; e < matrices.size(); e++) {
            if (starts[e] < starts[e + 1]) {
                step.backend()
                        .linear(
                                step.queue(),
                                in.slice(starts[e], starts[e + 1]),
                                step.value(matrices.get(e)),
                                null,
                                out.slice(starts[e], starts[e + 1]));
            }
        }
    }

    private int[] starts(Step step) {
        return HostCopy.readInts(step.backend(), step.queue(), step.value(routing.starts()));
    }

    @Override
    public void backward(Step step) {
        int[] starts = starts(step);
        Target toX = step.target(x);
        for (int e = 0; e < matrices.size(); e++) {
            Target toW = step.target(matrices.get(e));
            if (starts[e] < starts[e + 1]) {
                backward(step, e, starts[e], starts[e + 1], toX, toW);
            } else if (toW != null && !toW.accumulates()) {
                step.backend().fill(step.queue(), toW.tensor(), 0);
            }
        }
    }

    private void backward(Step step, int expert, int start, int end, Target toX, Target toW) {
        Tensor dY = step.gradient(y).slice(start, end);
        if (toW != null) {
            step.backend().linearBackwardWeight(step.queue(), step.value(x).slice(start, end), dY, toW);
        }
        if (toX != null) {
            step.backend()
                    .linearBackwardInput(
                            step.queue(),
                            dY,
                            step.value(matrices.get(expert)),
                            new Target(toX.tensor().slice(start, end), toX.beta()));
        }
    }

    @Override
    public long flops() {
        return 2 * x.shape().dim(0) * matrices.getFirst().shape().elements();
    }

    @Override
    public List<WeightUse> weights() {
        return IntStream.range(0, matrices.size())
                .mapToObj(e ->
                        WeightUse.ofRows(matrices.get(e), x, y, new WeightShare(routing.starts(), routing.sorted(), e)))
                .toList();
    }

    /** The same operation; weights of experts that are gone are null there, and left out. */
    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new ExpertLinear(
                replacement.apply(x),
                matrices.stream().map(replacement).filter(Objects::nonNull).toList(),
                routing.with(replacement),
                replacement.apply(y));
    }

    @Override
    public void couple(Coupling c) {
        c.freeze(c.axis(x, 0), "tokens");
        c.freeze(c.axis(y, 0), "tokens");
        c.freeze(c.axis(routing.sorted(), 0), "tokens");
        for (int e = 0; e < matrices.size(); e++) {
            Value w = matrices.get(e);
            c.same(c.axis(w, 0), c.axis(y, 1));
            c.same(c.axis(w, 1), c.axis(x, 1));
            c.belongs(w, c.axis(routing.starts(), 0), e);
        }
    }
}
