package org.espalier.score;

import java.util.function.BiConsumer;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.importance.AxisScores;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Scores single weights on a device and enters them. */
final class WeightScores {

    private final Backend backend;
    private final Queue queue;
    private final AxisScores scores = new AxisScores();

    WeightScores(Backend backend, Queue queue) {
        this.backend = backend;
        this.queue = queue;
    }

    AxisScores scores() {
        return scores;
    }

    /**
     * Scores rows and columns, or the entries of a vector.
     *
     * @param gradient null if the saliency needs none
     * @param fisher   null if the saliency needs none
     */
    void saliency(Saliency saliency, String name, Tensor weight, Tensor gradient, Tensor fisher) {
        Tensor matrix = weight.shape().rank() == 1
                ? weight.reshape(Shape.of(weight.shape().dim(0), 1))
                : weight;
        enter(
                name,
                matrix,
                weight.shape().rank(),
                (rows, columns) -> backend.saliency(queue, saliency, matrix, gradient, fisher, rows, columns));
    }

    /** Scores rows and columns of a matrix, every input times its factor. */
    void scaled(Saliency saliency, String name, Tensor matrix, double[] factors) {
        Tensor scale = backend.allocate(DType.F64, Shape.of(factors.length), "factors of the inputs of " + name);
        try {
            HostCopy.writeDoubles(backend, queue, factors, scale);
            enter(
                    name,
                    matrix,
                    2,
                    (rows, columns) -> backend.scaledSaliency(queue, saliency, matrix, scale, rows, columns));
        } finally {
            scale.buffer().close();
        }
    }

    private void enter(String name, Tensor matrix, int axes, BiConsumer<Tensor, Tensor> computation) {
        Tensor rows = backend.allocate(DType.F64, Shape.of(matrix.shape().dim(0)), "row scores of " + name);
        Tensor columns = backend.allocate(DType.F64, Shape.of(matrix.shape().dim(1)), "column scores of " + name);
        try {
            computation.accept(rows, columns);
            scores.put(name, 0, HostCopy.readDoubles(backend, queue, rows));
            if (axes == 2) {
                scores.put(name, 1, HostCopy.readDoubles(backend, queue, columns));
            }
        } finally {
            rows.buffer().close();
            columns.buffer().close();
        }
    }
}
