package org.espalier.backend.reference;

import org.espalier.backend.AdamW;
import org.espalier.backend.OptimizerOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceOptimizer extends OptimizerOps {

    @Override
    default void sumOfSquares(Queue queue, Tensor x, Target out) {
        Checks.sumOfSquares(DType.F64, x, out);
        double[] sum = Numbers.accumulator(out);
        for (double number : Numbers.read(x)) {
            sum[0] += number * number;
        }
        Numbers.write(out, sum);
    }

    @Override
    default void clipFactor(Queue queue, Tensor sumOfSquares, float maxNorm, Tensor out) {
        Checks.clipFactor(sumOfSquares, out);
        double norm = Math.sqrt(Numbers.read(sumOfSquares)[0]);
        Numbers.write(out, new double[] {Math.min(1, maxNorm / (norm + 1e-6))});
    }

    /**
     * {@code w ← w (1 − lr · decay)}, {@code m ← β₁ m + (1 − β₁) g}, {@code v ← β₂ v + (1 − β₂) g²}, then
     * {@code w ← w − lr · m̂ / (√v̂ + eps)} with {@code m̂ = m / (1 − β₁^step)} and {@code v̂ = v / (1 − β₂^step)}.
     */
    @Override
    default void adamW(Queue queue, AdamW settings, int step, Tensor w, Tensor g, Tensor m, Tensor v, Tensor factor) {
        Checks.adamW(DType.F64, step, w, g, m, v, factor);
        double clip = factor == null ? 1 : Numbers.read(factor)[0];
        double correction1 = 1 - Math.pow(settings.beta1(), step);
        double correction2 = 1 - Math.pow(settings.beta2(), step);
        double[] weights = Numbers.read(w);
        double[] gradients = Numbers.read(g);
        double[] first = Numbers.read(m);
        double[] second = Numbers.read(v);
        for (int i = 0; i < weights.length; i++) {
            double gradient = clip * gradients[i];
            first[i] = settings.beta1() * first[i] + (1 - settings.beta1()) * gradient;
            second[i] = settings.beta2() * second[i] + (1 - settings.beta2()) * gradient * gradient;
            weights[i] *= 1 - settings.learningRate() * settings.weightDecay();
            weights[i] -= settings.learningRate()
                    * (first[i] / correction1)
                    / (Math.sqrt(second[i] / correction2) + settings.eps());
        }
        Numbers.write(w, weights);
        Numbers.write(m, first);
        Numbers.write(v, second);
    }
}
