package org.espalier.backend.reference;

import org.espalier.backend.AttentionInput;
import org.espalier.backend.AttentionOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceAttention extends AttentionOps {

    @Override
    default void attention(Queue queue, AttentionInput in, Tensor out, Tensor logSum) {
        Checks.attention(DType.F64, in, out, logSum);
        AttentionHeads heads = new AttentionHeads(in);
        double[] outs = Numbers.zeros(out);
        double[] logSums = Numbers.zeros(logSum);
        heads.forEach(in.sequences(), (t, h, firstKey, keys) -> {
            double[] scores = heads.scores(t, h, firstKey, keys);
            double sum = logSumExp(scores);
            logSums[heads.row(t, h)] = sum;
            for (int s = 0; s < keys; s++) {
                double weight = Math.exp(scores[s] - sum);
                for (int d = 0; d < heads.valueDim; d++) {
                    outs[heads.outAt(t, h) + d] += weight * heads.value[heads.valueAt(firstKey + s, h) + d];
                }
            }
        });
        Numbers.write(out, outs);
        Numbers.write(logSum, logSums);
    }

    /**
     * With {@code p} the softmax weights and {@code dP[s] = dOut · value[s]}: {@code dValue[s] = Σ p[s] dOut},
     * {@code dScore[s] = p[s] (dP[s] − dOut · out)}, {@code dQuery = Σ dScore[s] score′[s] key[s]} and
     * {@code dKey[s] = Σ dScore[s] score′[s] query}, {@code score′} the derivative of the score by the product.
     */
    @Override
    default void attentionBackward(
            Queue queue,
            AttentionInput in,
            Tensor out,
            Tensor logSum,
            Tensor dOut,
            Target dQuery,
            Target dKey,
            Target dValue) {
        Checks.attentionBackward(DType.F64, in, out, logSum, dOut, dQuery, dKey, dValue);
        AttentionHeads heads = new AttentionHeads(in);
        double[] outs = Numbers.read(out);
        double[] logSums = Numbers.read(logSum);
        double[] dOuts = Numbers.read(dOut);
        double[] dQ = accumulatorOrScratch(dQuery, in.query());
        double[] dK = accumulatorOrScratch(dKey, in.key());
        double[] dV = accumulatorOrScratch(dValue, in.value());
        heads.forEach(in.sequences(), (t, h, firstKey, keys) -> {
            double[] scores = heads.scores(t, h, firstKey, keys);
            int o = heads.outAt(t, h);
            int q = heads.queryAt(t, h);
            double outGradient = dot(dOuts, o, outs, o, heads.valueDim);
            for (int s = 0; s < keys; s++) {
                int k = heads.keyAt(firstKey + s, h);
                int v = heads.valueAt(firstKey + s, h);
                double weight = Math.exp(scores[s] - logSums[heads.row(t, h)]);
                double dScore = weight * (dot(dOuts, o, heads.value, v, heads.valueDim) - outGradient);
                double dProduct = dScore * heads.scoreSlope(t, h, firstKey + s);
                for (int d = 0; d < heads.valueDim; d++) {
                    dV[v + d] += weight * dOuts[o + d];
                }
                for (int d = 0; d < heads.headDim; d++) {
                    dQ[q + d] += dProduct * heads.key[k + d];
                    dK[k + d] += dProduct * heads.query[q + d];
                }
            }
        });
        writeIfWanted(dQuery, dQ);
        writeIfWanted(dKey, dK);
        writeIfWanted(dValue, dV);
    }

    private static double[] accumulatorOrScratch(Target target, Tensor pattern) {
        return target == null ? Numbers.zeros(pattern) : Numbers.accumulator(target);
    }

    private static void writeIfWanted(Target target, double[] numbers) {
        if (target != null) {
            Numbers.write(target, numbers);
        }
    }

    private static double logSumExp(double[] scores) {
        double max = Double.NEGATIVE_INFINITY;
        for (double score : scores) {
            max = Math.max(max, score);
        }
        double sum = 0;
        for (double score : scores) {
            sum += Math.exp(score - max);
        }
        return max + Math.log(sum);
    }

    private static double dot(double[] a, int atA, double[] b, int atB, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += a[atA + i] * b[atB + i];
        }
        return sum;
    }
}
