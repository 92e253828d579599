package org.espalier.cut;

import java.util.function.Consumer;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Both sides of the normal equations of a fit: products of inputs with each other, and with what is lacking. */
final class EquationSides implements AutoCloseable {

    /** Numbers that pass through the host at once. */
    private static final int MOST_NUMBERS = 1 << 20;

    private final Backend backend;
    private final Queue queue;
    private final int in;
    private final int out;
    /** Float64 {@code [in, in]}. */
    private final Tensor gram;
    /** Float64 {@code [in, out]}. */
    private final Tensor right;

    /** New sides, whose numbers are still to be written. */
    EquationSides(Backend backend, Queue queue, int in, int out) {
        this.backend = backend;
        this.queue = queue;
        this.in = in;
        this.out = out;
        this.gram = backend.allocate(DType.F64, Shape.of(in, in), "products of activations");
        try {
            this.right = backend.allocate(DType.F64, Shape.of(in, out), "products with what is lacking");
        } catch (RuntimeException | Error e) {
            gram.buffer().close();
            throw e;
        }
    }

    /**
     * Writes the sums over some tokens; see {@link NormalEquations#add}.
     *
     * @param x       {@code [tokens, in]}
     * @param lacking {@code [tokens, out]}
     * @param weights {@code [tokens]}
     */
    void write(Tensor x, Tensor lacking, Tensor weights) {
        backend.correlate(queue, x, x, weights, Target.overwrite(gram));
        backend.correlate(queue, x, lacking, weights, Target.overwrite(right));
        queue.finish();
    }

    /** Adds others. */
    EquationSides plus(EquationSides others) {
        inRows(false, row -> add(rows(false, row), others.rows(false, row)));
        inRows(true, row -> add(rows(true, row), others.rows(true, row)));
        return this;
    }

    /** Through the host: next to what it takes to compute a sum this is little, and devices add no float64. */
    private void add(Tensor rows, Tensor others) {
        double[] sum = HostCopy.readDoubles(backend, queue, rows);
        double[] more = HostCopy.readDoubles(backend, queue, others);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += more[i];
        }
        HostCopy.writeDoubles(backend, queue, sum, rows);
    }

    /** The same numbers in other memory. */
    EquationSides copy() {
        EquationSides copy = new EquationSides(backend, queue, in, out);
        inRows(false, row -> copy.writeRows(false, row, readRows(false, row)));
        inRows(true, row -> copy.writeRows(true, row, readRows(true, row)));
        return copy;
    }

    /** Goes through a side some rows at a time, which it names by the first. */
    void inRows(boolean ofRight, Consumer<Integer> firstRow) {
        for (int row = 0; row < in; row += rowsAtOnce(ofRight)) {
            firstRow.accept(row);
        }
    }

    double[] readRows(boolean ofRight, int first) {
        return HostCopy.readDoubles(backend, queue, rows(ofRight, first));
    }

    void writeRows(boolean ofRight, int first, double[] numbers) {
        HostCopy.writeDoubles(backend, queue, numbers, rows(ofRight, first));
    }

    private int rowsAtOnce(boolean ofRight) {
        return Math.max(1, MOST_NUMBERS / (ofRight ? out : in));
    }

    private Tensor rows(boolean ofRight, int first) {
        return (ofRight ? right : gram).slice(first, Math.min(in, first + rowsAtOnce(ofRight)));
    }

    /**
     * Solves the equations, whose numbers are gone then.
     *
     * @param ridge share of each input's own sum of squares that holds its column to 0
     * @return {@code D [out, in]}, row by row
     * @throws org.espalier.error.Failure if there is no unique solution
     */
    double[] solve(double ridge) {
        hold(ridge);
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

    private void hold(double ridge) {
        for (int j = 0; j < in; j++) {
            Tensor row = gram.slice(j, j + 1);
            double[] numbers = HostCopy.readDoubles(backend, queue, row);
            numbers[j] = numbers[j] == 0 ? 1 : (1 + ridge) * numbers[j];
            HostCopy.writeDoubles(backend, queue, numbers, row);
        }
    }

    /**
     * {@code Σ_t s_t |D x_t − r_t|²} less what does not depend on {@code D}: {@code tr(D A Dᵀ) − 2 tr(D B)} with the sums
     * {@code A} of products of inputs and {@code B} of inputs with what is lacking.
     *
     * @param added {@code D [out, in]}, row by row
     */
    double error(double[] added) {
        double[] columns = new double[added.length];
        for (int i = 0; i < added.length; i++) {
            columns[i % in * out + i / in] = added[i];
        }
        double[] products = timesGram(columns);
        double[] lacking = HostCopy.readDoubles(backend, queue, right);
        double error = 0;
        for (int i = 0; i < columns.length; i++) {
            error += columns[i] * (products[i] - 2 * lacking[i]);
        }
        return error;
    }

    /** {@code A} times {@code [in, out]} numbers. */
    private double[] timesGram(double[] columns) {
        long square = (long) in * in;
        Tensor numbers = backend.allocate(
                backend.computeType(), Shape.of(square + columns.length), "products of activations and what is added");
        Tensor product = null;
        try {
            product = backend.allocate(DType.F64, Shape.of(in, out), "products times what is added");
            Tensor a = numbers.slice(0, square).reshape(Shape.of(in, in));
            Tensor b = numbers.slice(square, square + columns.length).reshape(Shape.of(in, out));
            HostCopy.writeDoubles(backend, queue, HostCopy.readDoubles(backend, queue, gram), a);
            HostCopy.writeDoubles(backend, queue, columns, b);
            backend.correlate(queue, a, b, null, Target.overwrite(product));
            return HostCopy.readDoubles(backend, queue, product);
        } finally {
            numbers.buffer().close();
            if (product != null) {
                product.buffer().close();
            }
        }
    }

    @Override
    public void close() {
        gram.buffer().close();
        right.buffer().close();
    }
}
