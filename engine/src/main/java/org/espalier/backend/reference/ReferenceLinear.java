package org.espalier.backend.reference;

import org.espalier.backend.LinearOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceLinear extends LinearOps {

    @Override
    default void linear(Queue queue, Tensor x, Tensor w, Tensor bias, Tensor y) {
        Checks.linear(DType.F64, x, w, bias, y);
        int tokens = x.shape().extent(0);
        int in = w.shape().extent(1);
        int out = w.shape().extent(0);
        double[] xs = Numbers.read(x);
        double[] biases = bias == null ? new double[out] : Numbers.read(bias);
        double[] ys = new double[tokens * out];
        double[] row = new double[in];
        for (int o = 0; o < out; o++) {
            Numbers.readRow(w, o, row);
            for (int t = 0; t < tokens; t++) {
                double sum = 0;
                for (int i = 0; i < in; i++) {
                    sum += xs[t * in + i] * row[i];
                }
                ys[t * out + o] = sum + biases[o];
            }
        }
        Numbers.write(y, ys);
    }

    @Override
    default void linearBackwardInput(Queue queue, Tensor dY, Tensor w, Target dX) {
        Checks.linearBackwardInput(DType.F64, dY, w, dX);
        int tokens = dY.shape().extent(0);
        int in = w.shape().extent(1);
        int out = w.shape().extent(0);
        double[] dYs = Numbers.read(dY);
        double[] dXs = Numbers.accumulator(dX);
        double[] row = new double[in];
        for (int o = 0; o < out; o++) {
            Numbers.readRow(w, o, row);
            for (int t = 0; t < tokens; t++) {
                for (int i = 0; i < in; i++) {
                    dXs[t * in + i] += dYs[t * out + o] * row[i];
                }
            }
        }
        Numbers.write(dX, dXs);
    }

    @Override
    default void linearBackwardWeight(Queue queue, Tensor x, Tensor dY, Target dW) {
        Checks.linearBackwardWeight(DType.F64, x, dY, dW);
        int tokens = x.shape().extent(0);
        int in = x.shape().extent(1);
        int out = dY.shape().extent(1);
        double[] xs = Numbers.read(x);
        double[] dYs = Numbers.read(dY);
        double[] dWs = Numbers.accumulator(dW);
        for (int t = 0; t < tokens; t++) {
            for (int o = 0; o < out; o++) {
                for (int i = 0; i < in; i++) {
                    dWs[o * in + i] += dYs[t * out + o] * xs[t * in + i];
                }
            }
        }
        Numbers.write(dW, dWs);
    }

    @Override
    default void linearBackwardBias(Queue queue, Tensor dY, Target dBias) {
        Checks.linearBackwardBias(DType.F64, dY, dBias);
        int out = dY.shape().extent(1);
        double[] dYs = Numbers.read(dY);
        double[] sums = Numbers.accumulator(dBias);
        for (int i = 0; i < dYs.length; i++) {
            sums[i % out] += dYs[i];
        }
        Numbers.write(dBias, sums);
    }
}
