package org.espalier.backend.reference;

import org.espalier.backend.LayerNormOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceLayerNorm extends LayerNormOps {

    @Override
    default void layerNorm(
            Queue queue, Tensor x, Tensor w, Tensor bias, double eps, Tensor y, Tensor mean, Tensor rstd) {
        Checks.layerNorm(DType.F64, x, w, bias, y, mean, rstd);
        int channels = x.shape().extent(1);
        double[] xs = Numbers.read(x);
        double[] ws = Numbers.read(w);
        double[] biases = bias == null ? new double[channels] : Numbers.read(bias);
        double[] means = new double[x.shape().extent(0)];
        double[] rstds = new double[means.length];
        double[] ys = new double[xs.length];
        for (int t = 0; t < means.length; t++) {
            int row = t * channels;
            for (int c = 0; c < channels; c++) {
                means[t] += xs[row + c] / channels;
            }
            double variance = 0;
            for (int c = 0; c < channels; c++) {
                variance += (xs[row + c] - means[t]) * (xs[row + c] - means[t]) / channels;
            }
            rstds[t] = 1 / Math.sqrt(variance + eps);
            for (int c = 0; c < channels; c++) {
                ys[row + c] = (xs[row + c] - means[t]) * rstds[t] * ws[c] + biases[c];
            }
        }
        Numbers.write(y, ys);
        Numbers.write(mean, means);
        Numbers.write(rstd, rstds);
    }

    @Override
    default void layerNormBackward(
            Queue queue, Tensor x, Tensor w, Tensor mean, Tensor rstd, Tensor dY, Target dX, Target dW, Target dBias) {
        Checks.layerNormBackward(DType.F64, x, w, mean, rstd, dY, dX, dW, dBias);
        double[] xHat = normalised(x, mean, rstd);
        double[] dYs = Numbers.read(dY);
        if (dX != null) {
            double[] dXs = Numbers.accumulator(dX);
            addGradientOfInput(xHat, Numbers.read(w), Numbers.read(rstd), dYs, dXs);
            Numbers.write(dX, dXs);
        }
        if (dW != null) {
            double[] dWs = Numbers.accumulator(dW);
            for (int i = 0; i < xHat.length; i++) {
                dWs[i % dWs.length] += dYs[i] * xHat[i];
            }
            Numbers.write(dW, dWs);
        }
        if (dBias != null) {
            double[] dBiases = Numbers.accumulator(dBias);
            for (int i = 0; i < dYs.length; i++) {
                dBiases[i % dBiases.length] += dYs[i];
            }
            Numbers.write(dBias, dBiases);
        }
    }

    private static double[] normalised(Tensor x, Tensor mean, Tensor rstd) {
        double[] xHat = Numbers.read(x);
        double[] means = Numbers.read(mean);
        double[] rstds = Numbers.read(rstd);
        for (int i = 0; i < xHat.length; i++) {
            int t = i / x.shape().columns();
            xHat[i] = (xHat[i] - means[t]) * rstds[t];
        }
        return xHat;
    }

    private static void addGradientOfInput(double[] xHat, double[] w, double[] rstd, double[] dY, double[] dX) {
        int channels = w.length;
        for (int t = 0; t < rstd.length; t++) {
            double mean = 0;
            double meanOfProducts = 0;
            for (int c = 0; c < channels; c++) {
                int i = t * channels + c;
                mean += w[c] * dY[i] / channels;
                meanOfProducts += w[c] * dY[i] * xHat[i] / channels;
            }
            for (int c = 0; c < channels; c++) {
                int i = t * channels + c;
                dX[i] += rstd[t] * (w[c] * dY[i] - mean - xHat[i] * meanOfProducts);
            }
        }
    }
}
