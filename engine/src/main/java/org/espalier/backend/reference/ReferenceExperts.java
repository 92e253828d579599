package org.espalier.backend.reference;

import org.espalier.backend.ExpertOps;
import org.espalier.backend.HostIndices;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceExperts extends ExpertOps {

    @Override
    default void route(Queue queue, Tensor logits, boolean normalised, Tensor chosen, Tensor factors) {
        Checks.route(DType.F64, logits, chosen, factors);
        int experts = logits.shape().columns();
        int k = factors.shape().columns();
        double[] z = Numbers.read(logits);
        double[] logSums = ReferenceLoss.logSums(z, experts);
        int[] best = new int[logits.shape().rows() * k];
        double[] f = new double[best.length];
        for (int t = 0; t < logSums.length; t++) {
            boolean[] taken = new boolean[experts];
            double sum = 0;
            for (int j = t * k; j < (t + 1) * k; j++) {
                best[j] = largestLeft(z, t * experts, taken);
                taken[best[j]] = true;
                f[j] = Math.exp(z[t * experts + best[j]] - logSums[t]);
                sum += f[j];
            }
            for (int j = t * k; j < (t + 1) * k && normalised; j++) {
                f[j] /= sum;
            }
        }
        Numbers.writeInts(chosen, best);
        Numbers.write(factors, f);
    }

    /** The first of the largest numbers that are not taken yet. */
    private static int largestLeft(double[] z, int from, boolean[] taken) {
        int best = -1;
        for (int e = 0; e < taken.length; e++) {
            if (!taken[e] && (best < 0 || key(z[from + e]) > key(z[from + best]))) {
                best = e;
            }
        }
        return best;
    }

    private static double key(double logit) {
        return Double.isNaN(logit) ? Double.NEGATIVE_INFINITY : logit;
    }

    @Override
    default void routeBackward(
            Queue queue,
            Tensor logits,
            boolean normalised,
            Tensor chosen,
            Tensor factors,
            Tensor dFactors,
            Target dLogits) {
        Checks.routeBackward(DType.F64, logits, chosen, factors, dFactors, dLogits);
        int experts = logits.shape().columns();
        int k = factors.shape().columns();
        HostIndices.check("routeBackward", "chosen", chosen, experts);
        double[] z = Numbers.read(logits);
        double[] logSums = ReferenceLoss.logSums(z, experts);
        int[] best = Numbers.readInts(chosen);
        double[] f = Numbers.read(factors);
        double[] dF = Numbers.read(dFactors);
        double[] dZ = Numbers.accumulator(dLogits);
        for (int t = 0; t < logSums.length; t++) {
            double mean = 0;
            for (int j = t * k; j < (t + 1) * k; j++) {
                mean += f[j] * dF[j];
                dZ[t * experts + best[j]] += f[j] * dF[j];
            }
            for (int j = t * k; j < (t + 1) * k && normalised; j++) {
                dZ[t * experts + best[j]] -= f[j] * mean;
            }
            for (int e = t * experts; e < (t + 1) * experts && !normalised; e++) {
                dZ[e] -= Math.exp(z[e] - logSums[t]) * mean;
            }
        }
        Numbers.write(dLogits, dZ);
    }

    @Override
    default void spreadRows(Queue queue, Tensor source, Tensor rows, Tensor factors, Target out) {
        Checks.spreadRows(DType.F64, source, rows, factors, out);
        HostIndices.check("spreadRows", "rows", rows, rows.shape().dim(0));
        int channels = source.shape().columns();
        int[] row = Numbers.readInts(rows);
        double[] x = Numbers.read(source);
        double[] f = factors == null ? null : Numbers.read(factors);
        double[] y = Numbers.accumulator(out);
        int k = row.length / Math.max(1, source.shape().rows());
        for (int i = 0; i < row.length; i++) {
            for (int c = 0; c < channels; c++) {
                y[i * channels + c] += (f == null ? 1 : f[row[i]]) * x[row[i] / k * channels + c];
            }
        }
        Numbers.write(out, y);
    }

    @Override
    default void joinRows(Queue queue, Tensor source, Tensor rows, Tensor factors, Target out) {
        Checks.joinRows(DType.F64, source, rows, factors, out);
        HostIndices.check("joinRows", "rows", rows, rows.shape().dim(0));
        int channels = source.shape().columns();
        int[] row = Numbers.readInts(rows);
        double[] x = Numbers.read(source);
        double[] f = factors == null ? null : Numbers.read(factors);
        double[] y = Numbers.accumulator(out);
        int k = row.length / Math.max(1, out.tensor().shape().rows());
        for (int i = 0; i < row.length; i++) {
            for (int c = 0; c < channels; c++) {
                y[i / k * channels + c] += (f == null ? 1 : f[i]) * x[row[i] * channels + c];
            }
        }
        Numbers.write(out, y);
    }

    @Override
    default void rowDots(Queue queue, Tensor a, Tensor source, Tensor rows, Target out) {
        Checks.rowDots(DType.F64, a, source, rows, out);
        HostIndices.check("rowDots", "rows", rows, rows.shape().dim(0));
        int channels = a.shape().columns();
        int[] row = Numbers.readInts(rows);
        double[] as = Numbers.read(a);
        double[] x = Numbers.read(source);
        double[] dots = Numbers.accumulator(out);
        int k = row.length / Math.max(1, a.shape().rows());
        for (int i = 0; i < row.length; i++) {
            for (int c = 0; c < channels; c++) {
                dots[i] += as[i / k * channels + c] * x[row[i] * channels + c];
            }
        }
        Numbers.write(out, dots);
    }
}
