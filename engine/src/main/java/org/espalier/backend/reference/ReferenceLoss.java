package org.espalier.backend.reference;

import org.espalier.backend.HostIndices;
import org.espalier.backend.LossOps;
import org.espalier.backend.Queue;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceLoss extends LossOps {

    @Override
    default void crossEntropy(Queue queue, Tensor logits, Tensor targets, Tensor loss, Tensor logSum) {
        Checks.crossEntropy(DType.F64, logits, targets, loss, logSum);
        int vocab = logits.shape().extent(1);
        HostIndices.checkTargets("crossEntropy", targets, vocab);
        int[] target = Numbers.readInts(targets);
        double[] z = Numbers.read(logits);
        double[] losses = new double[target.length];
        double[] logSums = logSums(z, vocab);
        for (int t = 0; t < target.length; t++) {
            losses[t] = target[t] == IGNORED ? 0 : logSums[t] - z[t * vocab + target[t]];
        }
        Numbers.write(loss, losses);
        Numbers.write(logSum, logSums);
    }

    @Override
    default void crossEntropyBackward(
            Queue queue, Tensor logits, Tensor targets, Tensor logSum, double weight, Tensor dLogits) {
        Checks.crossEntropyBackward(DType.F64, logits, targets, logSum, dLogits);
        int vocab = logits.shape().extent(1);
        HostIndices.checkTargets("crossEntropyBackward", targets, vocab);
        int[] target = Numbers.readInts(targets);
        double[] z = Numbers.read(logits);
        double[] logSums = Numbers.read(logSum);
        double[] dZ = new double[z.length];
        for (int t = 0; t < target.length; t++) {
            for (int v = 0; v < vocab && target[t] != IGNORED; v++) {
                double probability = Math.exp(z[t * vocab + v] - logSums[t]);
                dZ[t * vocab + v] = weight * (probability - (v == target[t] ? 1 : 0));
            }
        }
        Numbers.write(dLogits, dZ);
    }

    /** {@code log Σ_v e^z[t, v]} of every row. */
    static double[] logSums(double[] z, int vocab) {
        double[] logSums = new double[z.length / vocab];
        for (int t = 0; t < logSums.length; t++) {
            double max = z[t * vocab + ReferenceSample.largest(z, t * vocab, vocab)];
            double sum = 0;
            for (int v = 0; v < vocab; v++) {
                sum += Math.exp(z[t * vocab + v] - max);
            }
            logSums[t] = max + Math.log(sum);
        }
        return logSums;
    }
}
