package org.espalier.cut;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.model.SumTree;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * A weighted least-squares fit of what to add to a projection, with a ridge: {@code D [out, in]} that minimises
 * {@code Σ_t s_t |D x_t − r_t|² + Σ_j λ_j |D_j|²}, where {@code r_t} is what the projection lacks,
 * {@code λ_j = ridge · Σ_t s_t x_tj²}, and {@code D_j} is the j-th column. Sums and solution are float64.
 */
final class NormalEquations implements AutoCloseable {

    private final Backend backend;
    private final Queue queue;
    private final int in;
    private final int out;
    private final EquationSums sums;

    NormalEquations(Backend backend, Queue queue, int in, int out) {
        this.backend = backend;
        this.queue = queue;
        this.in = in;
        this.out = out;
        this.sums = new EquationSums(backend, queue, in, out);
    }

    /** Bytes that a fit of this size on so many batches takes, solution included. */
    static long bytes(long in, long out, int batches) {
        return DType.F64.bytes(SumTree.most(batches) * (in * in + in * out) + 2 * in * out);
    }

    /**
     * Adds the tokens of a batch.
     *
     * @param batch   number of it
     * @param x       {@code [tokens, in]}
     * @param lacking {@code [tokens, out]}
     * @param weights {@code [tokens]}
     */
    void add(int batch, Tensor x, Tensor lacking, Tensor weights) {
        EquationSums.Sides sides = sums.allocate();
        backend.correlate(queue, x, x, weights, Target.overwrite(sides.gram()));
        backend.correlate(queue, x, lacking, weights, Target.overwrite(sides.right()));
        queue.finish();
        sums.add(batch, sides);
    }

    /** Adds a batch without tokens. */
    void skip(int batch) {
        sums.add(batch, (EquationSums.Sides) null);
    }

    /** Tells what was summed so far, as that of the {@code weight}th weight. */
    void tell(int weight, Consumer<FitSum> sink) {
        sums.tell(weight, sink);
    }

    /** Adds a node of the sums of somebody else: all that was told of it. */
    void add(List<FitSum> node) {
        sums.add(node);
    }

    /**
     * What to add, {@code [out, in]} row by row; the equations are gone then.
     *
     * @param ridge share of each input's own sum of squares that holds its column to 0
     * @return empty if no batch had tokens
     * @throws org.espalier.error.Failure if the equations have no unique solution
     */
    Optional<double[]> solve(double ridge) {
        EquationSums.Sides sides = sums.take();
        if (sides == null) {
            return Optional.empty();
        }
        try {
            hold(sides.gram(), ridge);
            backend.solve(queue, sides.gram(), sides.right());
            return Optional.of(turned(HostCopy.readDoubles(backend, queue, sides.right())));
        } finally {
            sides.close();
        }
    }

    private void hold(Tensor gram, double ridge) {
        for (int j = 0; j < in; j++) {
            Tensor row = gram.slice(j, j + 1);
            double[] numbers = HostCopy.readDoubles(backend, queue, row);
            numbers[j] = numbers[j] == 0 ? 1 : (1 + ridge) * numbers[j];
            HostCopy.writeDoubles(backend, queue, numbers, row);
        }
    }

    private double[] turned(double[] solution) {
        double[] rows = new double[solution.length];
        for (int j = 0; j < in; j++) {
            for (int o = 0; o < out; o++) {
                rows[o * in + j] = solution[j * out + o];
            }
        }
        return rows;
    }

    @Override
    public void close() {
        sums.close();
    }
}
