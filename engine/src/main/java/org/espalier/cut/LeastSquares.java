package org.espalier.cut;

import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.couple.Selection;
import org.espalier.model.BranchPass;
import org.espalier.model.Model;
import org.espalier.model.StreamWalk;
import org.espalier.tape.Branch;
import org.espalier.tape.Value;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Fits the last projection of every branch so that the pruned model's residual stream after it is what the dense
 * model's is, errors of earlier layers included. A token counts by the inverse root mean square of the dense stream, as the
 * normalisation that reads it sees it: without that, the few tokens with enormous activations decide everything.
 */
final class LeastSquares implements BranchRepair, AutoCloseable {

    /** Rows of the stream that are looked at together. */
    private static final int ROWS = 1024;

    private final Selection selection;
    private final StreamWalk whole;
    private final StreamWalk pruned;
    private final CutWeights weights;
    private final Compensated result;
    private final Backend backend;
    private final Queue queue;
    private final double ridge;
    /** What the pruned model's stream lacks in the batch at work, {@code [tokens of the longest, C]}. */
    private final Tensor lacking;
    /** How much each token counts, {@code [tokens]}. */
    private final Tensor importance;

    /**
     * @param whole   the dense model's walk
     * @param pruned  the pruned model's
     * @param weights of the pruned model
     * @param ridge   share of each input's own sum of squares that holds it to its old weights
     */
    LeastSquares(
            Model dense,
            Selection selection,
            StreamWalk whole,
            StreamWalk pruned,
            CutWeights weights,
            Compensated result,
            Queue queue,
            double ridge) {
        this.selection = selection;
        this.whole = whole;
        this.pruned = pruned;
        this.weights = weights;
        this.result = result;
        this.backend = dense.backend();
        this.queue = queue;
        this.ridge = ridge;
        this.lacking = backend.allocate(
                backend.computeType(),
                Shape.of(whole.longestBatch(), whole.stream().shape().dim(1)),
                "what the pruned model lacks");
        try {
            this.importance = backend.allocate(
                    backend.computeType(), Shape.of(whole.stream().shape().dim(0)), "weights of tokens");
        } catch (RuntimeException e) {
            lacking.buffer().close();
            throw e;
        }
    }

    @Override
    public void next(Branch branch) {
        whole.pass(branch);
        if (!selection.removed(branch)) {
            fit(branch);
            pruned.pass(branch);
            weights.forget();
        }
    }

    private void fit(Branch branch) {
        Value weight = BranchPass.last(selection.structure().tape(), branch).w();
        Shape shape = selection.shape(weight);
        weigh(BranchPass.eps(selection.structure().tape(), branch));
        try (NormalEquations equations = new NormalEquations(backend, queue, shape.extent(1), shape.extent(0))) {
            pruned.run(branch, (from, to, inner, output) -> {
                Tensor part = lacking.slice(0, to - from);
                backend.add(
                        queue, whole.stream().slice(from, to), pruned.stream().slice(from, to), -1, part);
                backend.add(queue, part, output, -branch.factor(), part);
                equations.add(inner, part, importance.slice(from, to));
            });
            double[] fitted = equations.solve(ridge);
            double[] old = HostCopy.readDoubles(backend, queue, weights.weight(weight.name()));
            for (int i = 0; i < fitted.length; i++) {
                fitted[i] = old[i] + fitted[i] / branch.factor();
            }
            result.put(weight.name(), shape, fitted);
            weights.replace(weight.name(), result.tensor(queue, weight.name()));
        }
    }

    private void weigh(double eps) {
        int tokens = importance.shape().extent(0);
        for (int start = 0; start < tokens; start += ROWS) {
            int end = Math.min(tokens, start + ROWS);
            double[] stream =
                    HostCopy.readDoubles(backend, queue, whole.stream().slice(start, end));
            double[] inverse = new double[end - start];
            int channels = stream.length / inverse.length;
            for (int i = 0; i < stream.length; i++) {
                inverse[i / channels] += stream[i] * stream[i] / channels;
            }
            for (int t = 0; t < inverse.length; t++) {
                inverse[t] = 1 / Math.sqrt(inverse[t] + eps);
            }
            HostCopy.writeDoubles(backend, queue, inverse, importance.slice(start, end));
        }
    }

    @Override
    public void close() {
        lacking.buffer().close();
        importance.buffer().close();
    }
}
