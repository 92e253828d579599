package org.espalier.score;

import java.util.function.BiConsumer;
import java.util.function.ObjIntConsumer;
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
        compute(saliency, name, weight, gradient, fisher, (along, axis) -> scores.put(name, axis, along));
    }

    /** Sums along each axis of a matrix or a vector, which are given and not entered. */
    void compute(
            Saliency saliency,
            String name,
            Tensor weight,
            Tensor gradient,
            Tensor fisher,
            ObjIntConsumer<double[]> sums) {
        Tensor matrix = weight.shape().rank() == 1
                ? weight.reshape(Shape.of(weight.shape().dim(0), 1))
                : weight;
        read(
                name,
                matrix,
                weight.shape().rank(),
                (rows, columns) -> backend.saliency(queue, saliency, matrix, gradient, fisher, rows, columns),
                sums);
    }

    /** Scores rows and columns of a matrix, every input times its factor. */
    void scaled(Saliency saliency, String name, Tensor matrix, double[] factors) {
        Tensor scale = backend.allocate(DType.F64, Shape.of(factors.length), "factors of the inputs of " + name);
        try {
            HostCopy.writeDoubles(backend, queue, factors, scale);
            read(
                    name,
                    matrix,
                    2,
                    (rows, columns) -> backend.scaledSaliency(queue, saliency, matrix, scale, rows, columns),
                    (along, axis) -> scores.put(name, axis, along));
        } finally {
            scale.buffer().close();
        }
    }

    private void read(
            String name,
            Tensor matrix,
            int axes,
            BiConsumer<Tensor, Tensor> computation,
            ObjIntConsumer<double[]> sums) {
        Tensor rows = backend.allocate(DType.F64, Shape.of(matrix.shape().dim(0)), "row scores of " + name);
        Tensor columns = backend.allocate(DType.F64, Shape.of(matrix.shape().dim(1)), "column scores of " + name);
        try {
            computation.accept(rows, columns);
            sums.accept(HostCopy.readDoubles(backend, queue, rows), 0);
            if (axes == 2) {
                sums.accept(HostCopy.readDoubles(backend, queue, columns), 1);
            }
        } finally {
            rows.buffer().close();
            columns.buffer().close();
        }
    }
}
