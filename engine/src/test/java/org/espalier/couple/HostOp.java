package org.espalier.couple;

import java.util.List;
import java.util.function.UnaryOperator;
import org.espalier.backend.HostCopy;
import org.espalier.tape.Coupling;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Value;

/**
 * An operation that only tests have: a formula on the host, forwards only, and what it states of its axes. It has no numbers
 * of its own operands' sizes, so that it can be recorded again on smaller ones.
 *
 * @param formula   the numbers of the outputs, from those of the inputs
 * @param statement what it states; may state nothing
 */
record HostOp(String kind, List<Value> inputs, List<Value> outputs, Formula formula, Statement statement)
        implements Op {

    /** The numbers of the outputs. */
    interface Formula {

        /**
         * Computes them.
         *
         * @param in      the extents of every input
         * @param numbers of every input
         * @param out     the extents of every output
         */
        double[][] apply(List<Grid> in, double[][] numbers, List<Grid> out);
    }

    /** What an operation states of the axes of its operands. */
    interface Statement {

        void of(Coupling coupling, List<Value> in, List<Value> out);
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
        double[][] computed = formula.apply(
                inputs.stream().map(Grid::of).toList(),
                numbers,
                outputs.stream().map(Grid::of).toList());
        for (int i = 0; i < computed.length; i++) {
            HostCopy.writeDoubles(step.backend(), step.queue(), computed[i], step.value(outputs.get(i)));
        }
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
                kind,
                inputs.stream().map(replacement).toList(),
                outputs.stream().map(replacement).toList(),
                formula,
                statement);
    }

    @Override
    public void couple(Coupling c) {
        statement.of(c, inputs, outputs);
    }
}
