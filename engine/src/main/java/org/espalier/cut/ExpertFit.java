package org.espalier.cut;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.model.BranchVisit;
import org.espalier.tape.op.Routing;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Fits of some experts' last projections. With factors {@code f_j} of a token that sum up to {@code S}, and {@code r} what the
 * stream lacks there, each of its experts is to add {@code r / S}, and counts by {@code f_j S}: as the square of a sum with such
 * weights is at most the sum of squares with them, what is lacking never grows, though the experts are fitted each by itself.
 */
final class ExpertFit implements AutoCloseable {

    /** Bytes of equations that are there at once, unless those of one expert are more. */
    private static final long MOST_BYTES = 1L << 30;

    private final Backend backend;
    private final Queue queue;
    private final int first;
    private final List<NormalEquations> equations = new ArrayList<>();
    private final boolean[] used;

    /**
     * @param first expert, of those that are left
     * @param count how many from there on
     * @param shape of the weight of each
     */
    ExpertFit(Backend backend, Queue queue, int first, int count, Shape shape) {
        this.backend = backend;
        this.queue = queue;
        this.first = first;
        this.used = new boolean[count];
        try {
            for (int e = 0; e < count; e++) {
                equations.add(new NormalEquations(backend, queue, shape.extent(1), shape.extent(0)));
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** How many experts are fitted at once. */
    static int atOnce(Shape shape, int experts) {
        long each = NormalEquations.bytes(shape.dim(1), shape.dim(0));
        return Math.clamp(MOST_BYTES / each, 1, experts);
    }

    /**
     * Adds the tokens of a batch.
     *
     * @param lacking    {@code [tokens, C]}, in units of the branch's output
     * @param importance {@code [tokens]}
     */
    void add(BranchVisit visit, Tensor lacking, Tensor importance) {
        Routing routing = visit.last().routing();
        Tensor sorted = visit.tensor(routing.sorted());
        int[] rows = HostCopy.readInts(backend, queue, sorted);
        int[] starts = HostCopy.readInts(backend, queue, visit.tensor(routing.starts()));
        double[] factors = HostCopy.readDoubles(backend, queue, visit.tensor(routing.factors()));
        double[] counts = HostCopy.readDoubles(backend, queue, importance);
        double[] shares = new double[factors.length];
        double[] weights = new double[rows.length];
        int each = rows.length / counts.length;
        double[] sums = new double[counts.length];
        for (int i = 0; i < factors.length; i++) {
            sums[i / each] += factors[i];
        }
        Arrays.setAll(shares, i -> 1 / sums[i / each]);
        Arrays.setAll(weights, i -> factors[rows[i]] * sums[rows[i] / each] * counts[rows[i] / each]);
        add(visit.inner(), starts, sorted, lacking, shares, weights);
    }

    private void add(Tensor inner, int[] starts, Tensor sorted, Tensor lacking, double[] shares, double[] weights) {
        long channels = lacking.shape().dim(1);
        Tensor targets =
                backend.allocate(backend.computeType(), Shape.of(weights.length, channels), "what experts are to add");
        Tensor numbers = null;
        try {
            numbers = backend.allocate(
                    backend.computeType(), Shape.of(2L * weights.length), "weights of the rows of experts");
            Tensor ofTokens = numbers.slice(0, weights.length)
                    .reshape(Shape.of(
                            lacking.shape().dim(0),
                            weights.length / lacking.shape().dim(0)));
            Tensor ofRows = numbers.slice(weights.length, 2L * weights.length);
            HostCopy.writeDoubles(backend, queue, shares, ofTokens);
            HostCopy.writeDoubles(backend, queue, weights, ofRows);
            backend.spreadRows(queue, lacking, sorted, ofTokens, Target.overwrite(targets));
            for (int e = 0; e < used.length; e++) {
                int start = starts[first + e];
                int end = starts[first + e + 1];
                if (start < end) {
                    used[e] = true;
                    equations.get(e).add(inner.slice(start, end), targets.slice(start, end), ofRows.slice(start, end));
                }
            }
            queue.finish();
        } finally {
            targets.buffer().close();
            if (numbers != null) {
                numbers.buffer().close();
            }
        }
    }

    /** Whether an expert, of those that are fitted, was given any token. */
    boolean used(int expert) {
        return used[expert];
    }

    /** What to add to an expert's weight; see {@link NormalEquations#solve}. */
    double[] solve(int expert, double ridge) {
        return equations.get(expert).solve(ridge);
    }

    @Override
    public void close() {
        equations.forEach(NormalEquations::close);
    }
}
