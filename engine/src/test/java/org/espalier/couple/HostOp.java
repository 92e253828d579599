package org.espalier.couple;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.espalier.backend.HostCopy;
import org.espalier.tape.Coupling;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Value;

/**
 * An operation that only tests have: a formula on the host, forwards only, and what it states of its axes.
 *
 * @param formula  the numbers of the output, from those of the inputs
 * @param coupling what it states; may state nothing
 */
record HostOp(
        String kind,
        List<Value> inputs,
        Value output,
        Function<double[][], double[]> formula,
        Consumer<Coupling> coupling)
        implements Op {

    @Override
    public List<Value> outputs() {
        return List.of(output);
    }

    @Override
    public List<Value> backwardReads() {
        return List.of();
    }

    @Override
    public void forward(Step step) {
        double[][] numbers = inputs.stream()
                .map(v -> HostCopy.readDoubles(step.backend(), step.queue(), step.value(v)))
                .toArray(double[][]::new);
        HostCopy.writeDoubles(step.backend(), step.queue(), formula.apply(numbers), step.value(output));
    }

    @Override
    public void backward(Step step) {
        throw new UnsupportedOperationException(kind + " runs forwards only");
    }

    @Override
    public long flops() {
        return 0;
    }

    @Override
    public Op with(UnaryOperator<Value> replacement) {
        return new HostOp(
                kind, inputs.stream().map(replacement).toList(), replacement.apply(output), formula, coupling);
    }

    @Override
    public void couple(Coupling c) {
        coupling.accept(c);
    }
}
