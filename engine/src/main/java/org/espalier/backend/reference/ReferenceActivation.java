package org.espalier.backend.reference;

import org.espalier.backend.ActivationFunction;
import org.espalier.backend.ActivationOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceActivation extends ActivationOps {

    @Override
    default void activation(Queue queue, ActivationFunction function, Tensor x, Tensor y) {
        Checks.activation(DType.F64, x, y);
        double[] numbers = Numbers.read(x);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = value(function, numbers[i]);
        }
        Numbers.write(y, numbers);
    }

    @Override
    default void activationBackward(Queue queue, ActivationFunction function, Tensor x, Tensor dY, Target dX) {
        Checks.activationBackward(DType.F64, x, dY, dX);
        double[] xs = Numbers.read(x);
        double[] dYs = Numbers.read(dY);
        double[] dXs = Numbers.accumulator(dX);
        for (int i = 0; i < xs.length; i++) {
            dXs[i] += dYs[i] * slope(function, xs[i]);
        }
        Numbers.write(dX, dXs);
    }

    private static double value(ActivationFunction function, double x) {
        return switch (function) {
            case GELU -> x * NormalDistribution.cumulative(x);
            case GELU_TANH -> x * sigmoid(2 * tanhArgument(x));
            case SILU -> x * sigmoid(x);
            case RELU -> Math.max(x, 0);
            case TANH -> Math.tanh(x);
        };
    }

    private static double slope(ActivationFunction function, double x) {
        return switch (function) {
            case GELU -> NormalDistribution.cumulative(x) + x * NormalDistribution.density(x);
            case GELU_TANH -> {
                double z = 2 * tanhArgument(x);
                yield sigmoid(z) + x * sigmoid(z) * sigmoid(-z) * 2 * tanhArgumentSlope(x);
            }
            case SILU -> sigmoid(x) * (1 + x * sigmoid(-x));
            case RELU -> x > 0 ? 1 : 0;
            case TANH -> 4 * sigmoid(2 * x) * sigmoid(-2 * x);
        };
    }

    /** {@code 1 / (1 + e^−z)}, which is {@code (1 + tanh(z / 2)) / 2} and does not vanish in a difference. */
    private static double sigmoid(double z) {
        return 1 / (1 + Math.exp(-z));
    }

    private static double tanhArgument(double x) {
        return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    }

    private static double tanhArgumentSlope(double x) {
        return Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
    }
}
