package org.espalier.backend.reference;

import org.espalier.backend.DistillationOps;
import org.espalier.backend.HostIndices;
import org.espalier.backend.LossOps;
import org.espalier.backend.Queue;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceDistillation extends DistillationOps {

    @Override
    default void distillation(Queue queue, Taught in, Tensor loss) {
        Checks.distillation(DType.F64, in, loss);
        int vocab = in.vocab();
        HostIndices.checkTargets("distillation", in.targets(), vocab);
        int[] target = Numbers.readInts(in.targets());
        double[] z = Numbers.read(in.logits());
        double[] a = Numbers.read(in.teacher());
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
            losses[t] = in.share() * divergence + (1 - in.share()) * (logSums[t] - z[t * vocab + target[t]]);
        }
        Numbers.write(loss, losses);
        Numbers.write(in.logSum(), logSums);
        Numbers.write(in.teacherLogSum(), teacherLogSums);
    }

    @Override
    default void distillationBackward(Queue queue, Taught in, double weight, Tensor dLogits) {
        Checks.distillationBackward(DType.F64, in, dLogits);
        int vocab = in.vocab();
        HostIndices.checkTargets("distillationBackward", in.targets(), vocab);
        int[] target = Numbers.readInts(in.targets());
        double[] z = Numbers.read(in.logits());
        double[] a = Numbers.read(in.teacher());
        double[] logSums = Numbers.read(in.logSum());
        double[] teacherLogSums = Numbers.read(in.teacherLogSum());
        double[] dZ = new double[z.length];
        for (int t = 0; t < target.length; t++) {
            for (int v = 0; v < vocab && target[t] != LossOps.IGNORED; v++) {
                int at = t * vocab + v;
                double wanted =
                        in.share() * Math.exp(a[at] - teacherLogSums[t]) + (v == target[t] ? 1 - in.share() : 0);
                dZ[at] = weight * (Math.exp(z[at] - logSums[t]) - wanted);
            }
        }
        Numbers.write(dLogits, dZ);
    }
}
