package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Scores for structured pruning: what every row and column of a weight carries. */
public interface ScoreOps {

    /**
     * {@code rows[i] = Σ_k |S[i, k]|} and {@code columns[k] = Σ_i |S[i, k]|} with {@code S} the saliency of every number;
     * for {@link Saliency#VECTORIZE} the absolute value of the sums. Sums are float64, in a fixed order.
     *
     * @param w        {@code [out, in]}, any stored type
     * @param gradient {@code [out, in]} in the compute type; null if the saliency needs none
     * @param fisher   {@code [out, in]} in the compute type; null if the saliency needs none
     * @param rows     float64 {@code [out]}, written
     * @param columns  float64 {@code [in]}, written
     */
    void saliency(
            Queue queue, Saliency saliency, Tensor w, Tensor gradient, Tensor fisher, Tensor rows, Tensor columns);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /**
         * {@code w} must be {@code [out, in]} of any stored type, {@code rows} float64 {@code [out]}, {@code columns}
         * float64 {@code [in]}; {@code gradient} and {@code fisher} must be like {@code w} in the compute type, and be
         * there where the saliency needs them.
         */
        public static void saliency(
                DType compute,
                Saliency saliency,
                Tensor w,
                Tensor gradient,
                Tensor fisher,
                Tensor rows,
                Tensor columns) {
            Operands o = Operands.of(
                            "saliency",
                            "w",
                            w,
                            "gradient",
                            gradient,
                            "fisher",
                            fisher,
                            "rows",
                            rows,
                            "columns",
                            columns)
                    .rank(w, 2);
            o.stored(w, w.shape().toArray())
                    .is(rows, DType.F64, w.shape().dim(0))
                    .is(columns, DType.F64, w.shape().dim(1));
            if (saliency.needsGradient() || gradient != null) {
                o.is(gradient, compute, w.shape().toArray());
            }
            if (saliency.needsFisher() || fisher != null) {
                o.is(fisher, compute, w.shape().toArray());
            }
        }
    }
}
