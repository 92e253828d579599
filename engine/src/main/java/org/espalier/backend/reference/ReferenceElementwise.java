package org.espalier.backend.reference;

import org.espalier.backend.DropoutMask;
import org.espalier.backend.ElementwiseOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceElementwise extends ElementwiseOps {

    @Override
    default void add(Queue queue, Tensor a, Tensor b, double scale, Tensor out) {
        Checks.add(DType.F64, a, b, out);
        double[] sum = Numbers.read(a);
        double[] bs = Numbers.read(b);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += scale * bs[i];
        }
        Numbers.write(out, sum);
    }

    @Override
    default void accumulate(Queue queue, Tensor source, double scale, Target target) {
        Checks.accumulate(DType.F64, source, target);
        double[] from = Numbers.read(source);
        double[] sum = Numbers.accumulator(target);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += scale * from[i];
        }
        Numbers.write(target, sum);
    }

    @Override
    default void multiply(Queue queue, Tensor a, Tensor b, Target out) {
        Checks.multiply(DType.F64, a, b, out);
        double[] as = Numbers.read(a);
        double[] bs = Numbers.read(b);
        double[] sum = Numbers.accumulator(out);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += as[i] * bs[i];
        }
        Numbers.write(out, sum);
    }

    @Override
    default void swiGlu(Queue queue, Tensor gate, Tensor up, Tensor out) {
        Checks.swiGlu(DType.F64, gate, up, out);
        double[] gates = Numbers.read(gate);
        double[] ups = Numbers.read(up);
        for (int i = 0; i < gates.length; i++) {
            gates[i] = gates[i] * sigmoid(gates[i]) * ups[i];
        }
        Numbers.write(out, gates);
    }

    /** {@code silu'(z) = σ(z) (1 + z (1 − σ(z)))}. */
    @Override
    default void swiGluBackward(Queue queue, Tensor gate, Tensor up, Tensor dOut, Target dGate, Target dUp) {
        Checks.swiGluBackward(DType.F64, gate, up, dOut, dGate, dUp);
        double[] z = Numbers.read(gate);
        double[] ups = Numbers.read(up);
        double[] dOuts = Numbers.read(dOut);
        if (dGate != null) {
            double[] dZ = Numbers.accumulator(dGate);
            for (int i = 0; i < z.length; i++) {
                dZ[i] += dOuts[i] * ups[i] * sigmoid(z[i]) * (1 + z[i] * (1 - sigmoid(z[i])));
            }
            Numbers.write(dGate, dZ);
        }
        if (dUp != null) {
            double[] dUps = Numbers.accumulator(dUp);
            for (int i = 0; i < z.length; i++) {
                dUps[i] += dOuts[i] * z[i] * sigmoid(z[i]);
            }
            Numbers.write(dUp, dUps);
        }
    }

    @Override
    default void dropout(Queue queue, Tensor x, DropoutMask mask, Target y) {
        Checks.dropout(DType.F64, x, y);
        double[] from = Numbers.read(x);
        double[] sum = Numbers.accumulator(y);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += mask.keeps(i) ? mask.scale() * from[i] : 0;
        }
        Numbers.write(y, sum);
    }

    private static double sigmoid(double z) {
        return 1 / (1 + Math.exp(-z));
    }
}
