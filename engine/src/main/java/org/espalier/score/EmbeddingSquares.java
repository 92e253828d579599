package org.espalier.score;

import java.util.LinkedHashMap;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Target;
import org.espalier.tape.Step;
import org.espalier.tape.WeightUse;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Gradients and squared gradients of an embedding table, of which only the rows of the batch's tokens have any: the look-up
 * is the product of the tokens' unit vectors with those rows. Of a table that is also the head's weight, the squares of
 * either use are added, without the product of both.
 */
final class EmbeddingSquares {

    private final Backend backend;
    private final SequenceFactors factors;

    EmbeddingSquares(Backend backend, SequenceFactors factors) {
        this.backend = backend;
        this.factors = factors;
    }

    /**
     * Adds those of one batch to {@code gradient}, or to nothing if that is null, and {@code squares}, both
     * {@code [vocab, channels]}.
     */
    void add(WeightUse lookup, Step step, Tensor gradient, Tensor squares) {
        int[] ids = HostCopy.readInts(backend, step.queue(), step.value(lookup.input()));
        Map<Integer, Integer> rows = new LinkedHashMap<>();
        for (int id : ids) {
            rows.putIfAbsent(id, rows.size());
        }
        double[] units = new double[ids.length * rows.size()];
        for (int t = 0; t < ids.length; t++) {
            units[t * rows.size() + rows.get(ids[t])] = 1;
        }
        Shape few = Shape.of(rows.size(), squares.shape().dim(1));
        Tensor used = backend.allocate(DType.I32, Shape.of(rows.size()), "tokens in use");
        Tensor chosen =
                backend.allocate(backend.computeType(), Shape.of(ids.length, rows.size()), "unit vectors of tokens");
        Tensor fewGradients = backend.allocate(backend.computeType(), few, "gradients of rows in use");
        Tensor fewSquares = backend.allocate(backend.computeType(), few, "squared gradients of rows in use");
        try {
            HostCopy.writeInts(
                    backend,
                    step.queue(),
                    rows.keySet().stream().mapToInt(Integer::intValue).toArray(),
                    used);
            HostCopy.writeDoubles(backend, step.queue(), units, chosen);
            backend.squaredGradients(
                    step.queue(),
                    step.sequences(),
                    factors.of(step.sequences()),
                    step.gradient(lookup.output()),
                    chosen,
                    Target.overwrite(fewGradients),
                    Target.overwrite(fewSquares));
            if (gradient != null) {
                backend.embeddingBackward(step.queue(), used, fewGradients, gradient);
            }
            backend.embeddingBackward(step.queue(), used, fewSquares, squares);
            step.queue().finish();
        } finally {
            for (Tensor tensor : new Tensor[] {used, chosen, fewGradients, fewSquares}) {
                tensor.buffer().close();
            }
        }
    }
}
