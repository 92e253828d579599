package org.espalier.cut;

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
 * Sums of which the last projections of some experts are fitted. With factors {@code f_j} of a token that sum up to {@code S}, and {@code r} what the
 * stream lacks there, each of its experts is to add {@code r / S}, and counts by {@code f_j S}: as the square of a sum with such
 * weights is at most the sum of squares with them, what is lacking never grows, though the experts are fitted each by itself.
 */
final class ExpertSums {

    private final Backend backend;
    private final Queue queue;
    private final int firstBatch;
    private final int first;
    private final List<NormalEquations> equations;

    /**
     * @param firstBatch number of the first batch that is added here
     * @param first      expert, of those that are left
     * @param equations  of it and those that follow, which stay the caller's
     */
    ExpertSums(Backend backend, Queue queue, int firstBatch, int first, List<NormalEquations> equations) {
        this.backend = backend;
        this.queue = queue;
        this.firstBatch = firstBatch;
        this.first = first;
        this.equations = equations;
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
        add(firstBatch + visit.batch(), visit.inner(), starts, sorted, lacking, shares, weights);
    }

    private void add(
            int batch, Tensor inner, int[] starts, Tensor sorted, Tensor lacking, double[] shares, double[] weights) {
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
            for (int e = 0; e < equations.size(); e++) {
                int start = starts[first + e];
                int end = starts[first + e + 1];
                if (start < end) {
                    equations
                            .get(e)
                            .add(batch, inner.slice(start, end), targets.slice(start, end), ofRows.slice(start, end));
                } else {
                    equations.get(e).skip(batch);
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
}
