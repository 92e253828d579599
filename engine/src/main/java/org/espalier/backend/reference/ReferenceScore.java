package org.espalier.backend.reference;

import java.util.Arrays;
import org.espalier.backend.CalibrationOps;
import org.espalier.backend.Checks;
import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.backend.ScoreOps;
import org.espalier.backend.Sequences;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceScore extends ScoreOps, CalibrationOps {

    @Override
    default void saliency(Queue queue, Saliency saliency, Tensor w, Tensor gradient, Tensor fisher, Tensor rows,
            Tensor columns) {
        Checks.saliency(DType.F64, saliency, w, gradient, fisher, rows, columns);
        int count = Math.toIntExact(w.shape().elements());
        double[] gs = gradient == null ? new double[count] : Numbers.read(gradient);
        double[] fs = fisher == null ? new double[count] : Numbers.read(fisher);
        double[] ones = new double[w.shape().columns()];
        Arrays.fill(ones, 1);
        sum(saliency, w, gs, fs, ones, rows, columns);
    }

    @Override
    default void scaledSaliency(Queue queue, Saliency saliency, Tensor w, Tensor scale, Tensor rows, Tensor columns) {
        Checks.scaledSaliency(saliency, w, scale, rows, columns);
        double[] none = new double[Math.toIntExact(w.shape().elements())];
        sum(saliency, w, none, none, Numbers.read(scale), rows, columns);
    }

    private static void sum(Saliency saliency, Tensor w, double[] gs, double[] fs, double[] scale, Tensor rows,
            Tensor columns) {
        int in = w.shape().columns();
        double[] ws = Numbers.read(w);
        double[] rowSums = new double[w.shape().rows()];
        double[] columnSums = new double[in];
        for (int i = 0; i < ws.length; i++) {
            double s = saliency.of(ws[i], gs[i], fs[i]) * scale[i % in];
            double counted = saliency.sumsBeforeAbsolute() ? s : Math.abs(s);
            rowSums[i / in] += counted;
            columnSums[i % in] += counted;
        }
        Numbers.write(rows, absolute(rowSums));
        Numbers.write(columns, absolute(columnSums));
    }

    @Override
    default void squaredGradients(Queue queue, Sequences rows, double[] factors, Tensor x, Tensor dY, Tensor gradient,
            Tensor squares, float beta) {
        Checks.squaredGradients(DType.F64, rows, factors, x, dY, gradient, squares, beta);
        int in = x.shape().columns();
        double[] xs = Numbers.read(x);
        double[] dYs = Numbers.read(dY);
        double[] sums = gradient == null ? null : Numbers.accumulator(gradient, beta);
        double[] squareSums = Numbers.accumulator(squares, beta);
        for (int s = 0; s < rows.count(); s++) {
            double[] one = product(xs, dYs, rows.queryStart()[s], rows.queryStart()[s + 1], in, dY.shape().columns());
            for (int i = 0; i < one.length; i++) {
                squareSums[i] += factors[s] * one[i] * one[i];
                if (sums != null) {
                    sums[i] += one[i];
                }
            }
        }
        Numbers.write(squares, squareSums);
        if (sums != null) {
            Numbers.write(gradient, sums);
        }
    }

    /** {@code dYᵀ x [out, in]} over rows {@code from} (included) to {@code to} (excluded). */
    private static double[] product(double[] xs, double[] dYs, int from, int to, int in, int out) {
        double[] product = new double[out * in];
        for (int t = from; t < to; t++) {
            for (int i = 0; i < product.length; i++) {
                product[i] += dYs[t * out + i / in] * xs[t * in + i % in];
            }
        }
        return product;
    }

    @Override
    default void columnDots(Queue queue, Tensor a, Tensor shift, Tensor b, Tensor sums, float beta) {
        Checks.columnDots(DType.F64, a, shift, b, sums, beta);
        int n = a.shape().columns();
        double[] as = Numbers.read(a);
        double[] bs = b == null ? null : Numbers.read(b);
        double[] shifts = shift == null ? new double[n] : Numbers.read(shift);
        double[] dots = Numbers.accumulator(sums, beta);
        for (int i = 0; i < as.length; i++) {
            dots[i % n] += (as[i] - shifts[i % n]) * (bs == null ? 1 : bs[i]);
        }
        Numbers.write(sums, dots);
    }

    private static double[] absolute(double[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] = Math.abs(sums[i]);
        }
        return sums;
    }
}
