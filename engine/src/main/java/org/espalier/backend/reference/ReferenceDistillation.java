package org.espalier.backend.reference;

import org.espalier.backend.DistillationOps;
import org.espalier.backend.HostIndices;
import org.espalier.backend.LossOps;
import org.espalier.backend.Queue;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceDistillation extends DistillationOps {

    @Override
    default void distillation(
            Queue queue,
            Tensor logits,
            Tensor teacher,
            Tensor targets,
            double share,
            Tensor loss,
            Tensor logSum,
            Tensor teacherLogSum) {
        Checks.distillation(DType.F64, logits, teacher, targets, share, loss, logSum, teacherLogSum);
        int vocab = logits.shape().extent(1);
        HostIndices.checkTargets("distillation", targets, vocab);
        int[] target = Numbers.readInts(targets);
        double[] z = Numbers.read(logits);
        double[] a = Numbers.read(teacher);
        double[] losses = new double[target.length];
        double[] logSums = ReferenceLoss.logSums(z, vocab);
        double[] teacherLogSums = ReferenceLoss.logSums(a, vocab);
        for (int t = 0; t < target.length; t++) {
            if (target[t] == LossOps.IGNORED) {
                continue;
            }
            double divergence = 0;
            for (int v = t * vocab; v < (t + 1) * vocab; v++) {
                double logP = a[v] - teacherLogSums[t];
                divergence += Math.exp(logP) * (logP - (z[v] - logSums[t]));
            }
            losses[t] = share * divergence + (1 - share) * (logSums[t] - z[t * vocab + target[t]]);
        }
        Numbers.write(loss, losses);
        Numbers.write(logSum, logSums);
        Numbers.write(teacherLogSum, teacherLogSums);
    }

    @Override
    default void distillationBackward(
            Queue queue,
            Tensor logits,
            Tensor teacher,
            Tensor targets,
            double share,
            Tensor logSum,
            Tensor teacherLogSum,
            double weight,
            Tensor dLogits) {
        Checks.distillationBackward(DType.F64, logits, teacher, targets, share, logSum, teacherLogSum, dLogits);
        int vocab = logits.shape().extent(1);
        HostIndices.checkTargets("distillationBackward", targets, vocab);
        int[] target = Numbers.readInts(targets);
        double[] z = Numbers.read(logits);
        double[] a = Numbers.read(teacher);
        double[] logSums = Numbers.read(logSum);
        double[] teacherLogSums = Numbers.read(teacherLogSum);
        double[] dZ = new double[z.length];
        for (int t = 0; t < target.length; t++) {
            for (int v = 0; v < vocab && target[t] != LossOps.IGNORED; v++) {
                int at = t * vocab + v;
                double wanted = share * Math.exp(a[at] - teacherLogSums[t]) + (v == target[t] ? 1 - share : 0);
                dZ[at] = weight * (Math.exp(z[at] - logSums[t]) - wanted);
            }
        }
        Numbers.write(dLogits, dZ);
    }
}
