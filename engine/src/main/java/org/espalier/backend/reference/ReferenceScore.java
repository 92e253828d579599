package org.espalier.backend.reference;

import org.espalier.backend.Queue;
import org.espalier.backend.Saliency;
import org.espalier.backend.ScoreOps;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceScore extends ScoreOps {

    @Override
    default void saliency(
            Queue queue, Saliency saliency, Tensor w, Tensor gradient, Tensor fisher, Tensor rows, Tensor columns) {
        Checks.saliency(DType.F64, saliency, w, gradient, fisher, rows, columns);
        int in = w.shape().columns();
        double[] ws = Numbers.read(w);
        double[] gs = gradient == null ? new double[ws.length] : Numbers.read(gradient);
        double[] fs = fisher == null ? new double[ws.length] : Numbers.read(fisher);
        double[] rowSums = new double[w.shape().rows()];
        double[] columnSums = new double[in];
        for (int i = 0; i < ws.length; i++) {
            double s = saliency.of(ws[i], gs[i], fs[i]);
            double counted = saliency.sumsBeforeAbsolute() ? s : Math.abs(s);
            rowSums[i / in] += counted;
            columnSums[i % in] += counted;
        }
        Numbers.write(rows, absolute(rowSums));
        Numbers.write(columns, absolute(columnSums));
    }

    private static double[] absolute(double[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] = Math.abs(sums[i]);
        }
        return sums;
    }
}
