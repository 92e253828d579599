package org.espalier.prune;

import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.model.Llama;
import org.espalier.model.Model;
import org.espalier.prune.Selection.Block;
import org.espalier.tape.op.Linear;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Fits the last projection of every half of a layer so that the pruned model, on its own activations so far, gives what the
 * dense model gives on its own. A token counts by the inverse mean square of the dense residual stream, as the
 * normalisation that reads the sum sees it: without that, the few tokens with enormous activations decide everything.
 */
final class LeastSquares implements Remedy, AutoCloseable {

    /** Share of each input's own sum of squares that holds it to its old weights. */
    private static final double RIDGE = 0.01;
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
    /** What the dense model's half gives, then what the pruned one's lacks, {@code [tokens, C]}. */
    private final Tensor lacking;

    /**
     * @param whole   the dense model's walk
     * @param pruned  the pruned model's
     * @param weights of the pruned model
     */
    LeastSquares(Model dense, Selection selection, StreamWalk whole, StreamWalk pruned, CutWeights weights,
            Compensated result, Queue queue) {
        this.dense = dense;
        this.selection = selection;
        this.whole = whole;
        this.pruned = pruned;
        this.weights = weights;
        this.result = result;
        this.smaller = new Llama(result.config());
        this.backend = dense.backend();
        this.queue = queue;
        this.lacking = backend.allocate(backend.computeType(), whole.stream().shape(), "what the pruned model lacks");
    }

    @Override
    public void half(int layer, Block block) {
        int number = selection.numberAfter(layer);
        boolean left = number >= 0 && !selection.removed(layer, block);
        Tensor importance = backend.allocate(backend.computeType(), Shape.of(lacking.shape().dim(0)), "weights of tokens");
        try {
            weigh(importance);
            whole.run(StreamWalk.recording(dense.llama(), layer, block), dense.leaves(Map.of()),
                    (from, to, inner, output) -> {
                        backend.convert(queue, output, lacking.slice(from, to));
                        whole.advance(from, to, output);
                    });
            if (left) {
                fit(number, block, importance);
            }
        } finally {
            importance.buffer().close();
        }
        if (left) {
            pruned.pass(StreamWalk.recording(smaller, number, block), weights);
            weights.forget();
        }
    }

    private void fit(int number, Block block, Tensor importance) {
        Linear last = StreamWalk.last(smaller, number, block);
        try (NormalEquations equations = new NormalEquations(backend, queue, last.w().shape().extent(1),
                last.w().shape().extent(0))) {
            pruned.run(StreamWalk.recording(smaller, number, block), weights, (from, to, inner, output) -> {
                Tensor part = lacking.slice(from, to);
                backend.add(queue, part, output, -1, part);
                equations.add(inner, part, importance.slice(from, to));
            });
            double[] fitted = equations.solve(RIDGE);
            double[] old = HostCopy.readDoubles(backend, queue, weights.weight(last.w().name()));
            for (int i = 0; i < fitted.length; i++) {
                fitted[i] += old[i];
            }
            weights.replace(last.w().name(), result.put(last.w(), fitted));
        }
    }

    private void weigh(Tensor importance) {
        int tokens = importance.shape().extent(0);
        for (int from = 0; from < tokens; from += ROWS) {
            int to = Math.min(tokens, from + ROWS);
            double[] stream = HostCopy.readDoubles(backend, queue, whole.stream().slice(from, to));
            double[] inverse = new double[to - from];
            int channels = stream.length / inverse.length;
            for (int i = 0; i < stream.length; i++) {
                inverse[i / channels] += stream[i] * stream[i] / channels;
            }
            for (int t = 0; t < inverse.length; t++) {
                inverse[t] = 1 / (inverse[t] + dense.config().eps());
            }
            HostCopy.writeDoubles(backend, queue, inverse, importance.slice(from, to));
        }
    }

    @Override
    public void close() {
        lacking.buffer().close();
    }
}
