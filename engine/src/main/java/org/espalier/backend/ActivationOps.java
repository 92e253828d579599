package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Activation functions, number by number. */
public interface ActivationOps {

    /**
     * {@code y = f(x)}.
     *
     * @param x of any shape
     * @param y of the shape of {@code x}; may be {@code x}
     */
    void activation(Queue queue, ActivationFunction function, Tensor x, Tensor y);

    /**
     * The derivative of {@link #activation}: {@code dX = beta · dX + dY f′(x)}.
     *
     * @param dX of the shape of {@code x}; may be {@code dY}
     */
    void activationBackward(Queue queue, ActivationFunction function, Tensor x, Tensor dY, Target dX);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /** {@code x} and {@code y} must be of one shape, in the compute type. */
        public static void activation(DType compute, Tensor x, Tensor y) {
            Operands o = Operands.of("activation", "x", x, "y", y).present(x);
            o.like(x, compute, x.shape()).like(y, compute, x.shape());
        }

        /** {@code x}, {@code dY} and {@code dX} must be of one shape, in the compute type. */
        public static void activationBackward(DType compute, Tensor x, Tensor dY, Target dX) {
            Operands o = Operands.of("activationBackward", "x", x, "dY", dY, "dX", dX)
                    .present(x);
            o.like(x, compute, x.shape()).like(dY, compute, x.shape()).like(dX, compute, x.shape());
        }
    }
}
