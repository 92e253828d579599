package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * What is summed over calibration data to score weights by it. The methods given here compute on the host in float64, for
 * devices that have nothing better.
 */
public interface CalibrationOps extends MemoryOps {

    /**
     * As {@link ScoreOps#saliency} for a saliency of the weight alone, times a factor of each input:
     * {@code S[i, k] · scale[k]}.
     *
     * @param scale float64 {@code [in]}, not negative
     */
    default void scaledSaliency(Queue queue, Saliency saliency, Tensor w, Tensor scale, Tensor rows, Tensor columns) {
        Checks.scaledSaliency(saliency, w, scale, rows, columns);
        double[] ws = HostCopy.decode(this, queue, w);
        double[] factors = HostCopy.readDoubles(this, queue, scale);
        double[] rowSums = new double[w.shape().rows()];
        double[] columnSums = new double[factors.length];
        for (int i = 0; i < ws.length; i++) {
            double s = Math.abs(saliency.of(ws[i], 0, 0)) * factors[i % factors.length];
            rowSums[i / factors.length] += s;
            columnSums[i % factors.length] += s;
        }
        HostCopy.writeDoubles(this, queue, rowSums, rows);
        HostCopy.writeDoubles(this, queue, columnSums, columns);
    }

    /**
     * The squared gradients of a linear layer's weight, sequence by sequence: with {@code g_s = dY_sᵀ x_s} over the rows of
     * sequence {@code s}, {@code squares = beta · squares + Σ_s factors[s] · g_s²} and
     * {@code gradient = beta · gradient + Σ_s g_s}, in the order of the sequences.
     *
     * @param rows     how the tokens divide into sequences
     * @param factors  one for each sequence, not negative
     * @param x        {@code [tokens, in]}
     * @param dY       {@code [tokens, out]}
     * @param gradient {@code [out, in]} in the compute type, or null if nobody wants it
     * @param squares  {@code [out, in]} in the compute type; written where the gradient is, else added to as it is
     */
    default void squaredGradients(
            Queue queue, Sequences rows, double[] factors, Tensor x, Tensor dY, Target gradient, Target squares) {
        Checks.squaredGradients(computeType(), rows, factors, x, dY, gradient, squares);
        double[] sums = gradient == null ? null : HostCopy.accumulator(this, queue, gradient);
        double[] squareSums = HostCopy.accumulator(this, queue, squares);
        double[] xs = HostCopy.readDoubles(this, queue, x);
        double[] dYs = HostCopy.readDoubles(this, queue, dY);
        for (int s = 0; s < factors.length; s++) {
            double[] one = product(
                    xs,
                    dYs,
                    rows.queryStart()[s],
                    rows.queryStart()[s + 1],
                    x.shape().columns(),
                    dY.shape().columns());
            for (int i = 0; i < one.length; i++) {
                squareSums[i] += factors[s] * one[i] * one[i];
                if (sums != null) {
                    sums[i] += one[i];
                }
            }
        }
        HostCopy.writeDoubles(this, queue, squareSums, squares.tensor());
        if (sums != null) {
            HostCopy.writeDoubles(this, queue, sums, gradient.tensor());
        }
    }

    /** {@code dYᵀ x [out, in]} over rows {@code start} (included) to {@code end} (excluded). */
    private static double[] product(double[] x, double[] dY, int start, int end, int in, int out) {
        double[] product = new double[out * in];
        for (int t = start; t < end; t++) {
            for (int i = 0; i < product.length; i++) {
                product[i] += dY[t * out + i / in] * x[t * in + i % in];
            }
        }
        return product;
    }

    /**
     * {@code sums[k] = beta · sums[k] + Σ_t (a[t, k] − shift[k]) · b[t, k]}, in float64 and in the order of the tokens.
     *
     * @param a     {@code [tokens, n]}
     * @param shift {@code [n]}, any plain floating type, or null for zeros
     * @param b     {@code [tokens, n]}, or null for ones
     * @param sums  float64 {@code [n]}
     */
    default void columnDots(Queue queue, Tensor a, Tensor shift, Tensor b, Target sums) {
        Checks.columnDots(computeType(), a, shift, b, sums);
        double[] dots = HostCopy.accumulator(this, queue, sums);
        double[] as = HostCopy.readDoubles(this, queue, a);
        double[] shifts = shift == null ? new double[dots.length] : HostCopy.decode(this, queue, shift);
        double[] bs = b == null ? null : HostCopy.readDoubles(this, queue, b);
        for (int i = 0; i < as.length; i++) {
            dots[i % dots.length] += (as[i] - shifts[i % dots.length]) * (bs == null ? 1 : bs[i]);
        }
        HostCopy.writeDoubles(this, queue, dots, sums.tensor());
    }

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /**
         * {@code w} must be {@code [out, in]} of any stored type, {@code scale} and {@code columns} float64 {@code
         * [in]} and {@code rows} float64 {@code [out]}; the saliency must need neither gradients nor their squares.
         */
        public static void scaledSaliency(Saliency saliency, Tensor w, Tensor scale, Tensor rows, Tensor columns) {
            Operands o = Operands.of("scaledSaliency", "w", w, "scale", scale, "rows", rows, "columns", columns)
                    .rank(w, 2);
            o.require(!saliency.needsGradient() && !saliency.needsFisher(), saliency + " needs more than the weight")
                    .stored(w, w.shape().toArray())
                    .is(scale, DType.F64, w.shape().dim(1))
                    .is(rows, DType.F64, w.shape().dim(0))
                    .is(columns, DType.F64, w.shape().dim(1));
        }

        /**
         * {@code x} must be {@code [tokens, in]}, {@code dY} {@code [tokens, out]}, {@code squares} and, if it is
         * there, {@code gradient} {@code [out, in]} with the same beta; the sequences must cover the tokens, with a
         * factor each.
         */
        public static void squaredGradients(
                DType compute,
                Sequences sequences,
                double[] factors,
                Tensor x,
                Tensor dY,
                Target gradient,
                Target squares) {
            Operands o = Operands.of("squaredGradients", "x", x, "dY", dY, "gradient", gradient, "squares", squares)
                    .rank(x, 2)
                    .rank(dY, 2);
            o.like(x, compute, x.shape())
                    .is(dY, compute, x.shape().dim(0), dY.shape().dim(1))
                    .isOrNull(gradient, compute, dY.shape().dim(1), x.shape().dim(1))
                    .is(squares, compute, dY.shape().dim(1), x.shape().dim(1))
                    .require(
                            sequences.queries() == x.shape().dim(0),
                            "the sequences have " + sequences.queries() + " rows")
                    .require(
                            gradient == null || gradient.beta() == squares.beta(),
                            "gradient and squares must both be written or both be added to")
                    .require(
                            factors.length == sequences.count(),
                            factors.length + " factors for " + sequences.count() + " sequences");
        }

        /**
         * {@code a} and, if it is there, {@code b} must be {@code [tokens, n]}, {@code sums} float64 {@code [n]} and
         * {@code shift}, if it is there, {@code [n]} of a plain floating type.
         */
        public static void columnDots(DType compute, Tensor a, Tensor shift, Tensor b, Target sums) {
            Operands o = Operands.of("columnDots", "a", a, "shift", shift, "b", b, "sums", sums)
                    .rank(a, 2);
            o.like(a, compute, a.shape())
                    .isOrNull(b, compute, a.shape().toArray())
                    .is(sums, DType.F64, a.shape().dim(1));
            if (shift != null) {
                o.floating(shift, a.shape().dim(1));
            }
        }
    }
}
