package org.espalier.backend.reference;

import org.espalier.backend.NormOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceNorm extends NormOps {

    @Override
    default void rmsNorm(Queue queue, Tensor x, Tensor w, double eps, Tensor y, Tensor rstd) {
        Checks.rmsNorm(DType.F64, x, w, y, rstd);
        int tokens = x.shape().extent(0);
        int channels = x.shape().extent(1);
        double[] xs = Numbers.read(x);
        double[] ws = Numbers.read(w);
        double[] ys = new double[xs.length];
        double[] rstds = new double[tokens];
        for (int t = 0; t < tokens; t++) {
            double squares = 0;
            for (int c = 0; c < channels; c++) {
                squares += xs[t * channels + c] * xs[t * channels + c];
            }
            rstds[t] = 1 / Math.sqrt(squares / channels + eps);
            for (int c = 0; c < channels; c++) {
                ys[t * channels + c] = xs[t * channels + c] * rstds[t] * ws[c];
            }
        }
        Numbers.write(y, ys);
        Numbers.write(rstd, rstds);
    }

    @Override
    default void rmsNormBackward(Queue queue, Tensor x, Tensor w, Tensor rstd, Tensor dY, Target dX, Target dW) {
        Checks.rmsNormBackward(DType.F64, x, w, rstd, dY, dX, dW);
        double[] xHat = normalised(x, rstd);
        double[] dYs = Numbers.read(dY);
        if (dX != null) {
            Numbers.write(dX, gradientOfInput(xHat, Numbers.read(w), Numbers.read(rstd), dYs, Numbers.accumulator(dX)));
        }
        if (dW != null) {
            double[] dWs = Numbers.accumulator(dW);
            for (int i = 0; i < xHat.length; i++) {
                dWs[i % dWs.length] += dYs[i] * xHat[i];
            }
            Numbers.write(dW, dWs);
        }
    }

    private static double[] normalised(Tensor x, Tensor rstd) {
        double[] xHat = Numbers.read(x);
        double[] rstds = Numbers.read(rstd);
        for (int i = 0; i < xHat.length; i++) {
            xHat[i] *= rstds[i / x.shape().columns()];
        }
        return xHat;
    }

    private static double[] gradientOfInput(double[] xHat, double[] w, double[] rstd, double[] dY, double[] dX) {
        int channels = w.length;
        for (int t = 0; t < rstd.length; t++) {
            double mean = 0;
            for (int c = 0; c < channels; c++) {
                int i = t * channels + c;
                mean += w[c] * dY[i] * xHat[i] / channels;
            }
            for (int c = 0; c < channels; c++) {
                int i = t * channels + c;
                dX[i] += rstd[t] * (w[c] * dY[i] - xHat[i] * mean);
            }
        }
        return dX;
    }
}
