package org.espalier.prune;

import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.model.Llama;
import org.espalier.model.Model;
import org.espalier.prune.Selection.Block;
import org.espalier.tape.op.Linear;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Fits the last projection of every half of a layer so that the pruned model's residual stream after it is what the dense
 * model's is, errors of earlier layers included. A token counts by the inverse root mean square of the dense stream, as the
 * normalisation that reads it sees it: without that, the few tokens with enormous activations decide everything.
 */
final class LeastSquares implements Remedy, AutoCloseable {

    /** Rows of the stream that are looked at together. */
    private static final int ROWS = 1024;

    private final Model dense;
    private final Selection selection;
    private final StreamWalk whole;
    private final StreamWalk pruned;
    private final CutWeights weights;
    private final Compensated result;
    private final Llama smaller;
    private final Backend backend;
    private final Queue queue;
    private final double ridge;
    /** What the pruned model's stream lacks in the stretch at work, {@code [tokens of the longest, C]}. */
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
        this.dense = dense;
        this.selection = selection;
        this.whole = whole;
        this.pruned = pruned;
        this.weights = weights;
        this.result = result;
        this.smaller = new Llama(result.config());
        this.backend = dense.backend();
        this.queue = queue;
        this.ridge = ridge;
        this.lacking = backend.allocate(
                backend.computeType(),
                Shape.of(whole.longestStretch(), dense.config().hidden()),
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
    public void half(int layer, Block block) {
        int number = selection.numberAfter(layer);
        whole.pass(StreamWalk.recording(dense.llama(), layer, block), dense.leaves(Map.of()));
        if (number >= 0 && !selection.removed(layer, block)) {
            fit(number, block);
            pruned.pass(StreamWalk.recording(smaller, number, block), weights);
            weights.forget();
        }
    }

    private void fit(int number, Block block) {
        Linear last = StreamWalk.last(smaller, number, block);
        weigh();
        try (NormalEquations equations = new NormalEquations(
                backend, queue, last.w().shape().extent(1), last.w().shape().extent(0))) {
            pruned.run(StreamWalk.recording(smaller, number, block), weights, (from, to, inner, output) -> {
                Tensor part = lacking.slice(0, to - from);
                backend.add(
                        queue, whole.stream().slice(from, to), pruned.stream().slice(from, to), -1, part);
                backend.add(queue, part, output, -1, part);
                equations.add(inner, part, importance.slice(from, to));
            });
            double[] fitted = equations.solve(ridge);
            double[] old =
                    HostCopy.readDoubles(backend, queue, weights.weight(last.w().name()));
            for (int i = 0; i < fitted.length; i++) {
                fitted[i] += old[i];
            }
            result.put(last.w(), fitted);
            weights.replace(last.w().name(), result.tensor(queue, last.w().name()));
        }
    }

    private void weigh() {
        int tokens = importance.shape().extent(0);
        for (int from = 0; from < tokens; from += ROWS) {
            int to = Math.min(tokens, from + ROWS);
            double[] stream =
                    HostCopy.readDoubles(backend, queue, whole.stream().slice(from, to));
            double[] inverse = new double[to - from];
            int channels = stream.length / inverse.length;
            for (int i = 0; i < stream.length; i++) {
                inverse[i / channels] += stream[i] * stream[i] / channels;
            }
            for (int t = 0; t < inverse.length; t++) {
                inverse[t] = 1 / Math.sqrt(inverse[t] + dense.config().eps());
            }
            HostCopy.writeDoubles(backend, queue, inverse, importance.slice(from, to));
        }
    }

    @Override
    public void close() {
        lacking.buffer().close();
        importance.buffer().close();
    }
}
