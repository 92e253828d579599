package org.espalier.cut;

import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
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
    private final Tensor gram;
    private final Tensor right;
    private float beta;

    NormalEquations(Backend backend, Queue queue, int in, int out) {
        this.backend = backend;
        this.queue = queue;
        this.in = in;
        this.out = out;
        this.gram = backend.allocate(DType.F64, Shape.of(in, in), "products of activations");
        try {
            this.right = backend.allocate(DType.F64, Shape.of(in, out), "products with what is lacking");
        } catch (RuntimeException e) {
            gram.buffer().close();
            throw e;
        }
    }

    /** Bytes that a fit of this size takes, solution included. */
    static long bytes(long in, long out) {
        return DType.F64.bytes(in * in + 3 * in * out);
    }

    /**
     * Adds tokens.
     *
     * @param x       {@code [tokens, in]}
     * @param lacking {@code [tokens, out]}
     * @param weights {@code [tokens]}
     */
    void add(Tensor x, Tensor lacking, Tensor weights) {
        backend.correlate(queue, x, x, weights, new Target(gram, beta));
        backend.correlate(queue, x, lacking, weights, new Target(right, beta));
        beta = 1;
    }

    /**
     * What to add, {@code [out, in]} row by row.
     *
     * @param ridge share of each input's own sum of squares that holds its column to 0
     * @throws org.espalier.error.Failure if the equations have no unique solution
     */
    double[] solve(double ridge) {
        for (int j = 0; j < in; j++) {
            Tensor row = gram.slice(j, j + 1);
            double[] numbers = HostCopy.readDoubles(backend, queue, row);
            numbers[j] = numbers[j] == 0 ? 1 : (1 + ridge) * numbers[j];
            HostCopy.writeDoubles(backend, queue, numbers, row);
        }
        backend.solve(queue, gram, right);
        double[] solution = HostCopy.readDoubles(backend, queue, right);
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
        gram.buffer().close();
        right.buffer().close();
    }
}
