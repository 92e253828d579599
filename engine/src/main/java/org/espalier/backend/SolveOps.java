package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * What closed-form fits need: sums of products of activations, and the solution of the normal equations they make. Sums are
 * float64. The methods given here compute on the host, for devices that have nothing better.
 */
public interface SolveOps extends MemoryOps {

    /**
     * {@code sum = beta · sum + Σ_t weights[t] · a[t] b[t]ᵀ}. A backend may add up some hundred tokens in its compute type
     * before they enter the sum.
     *
     * @param a       {@code [tokens, n]} in the compute type
     * @param b       {@code [tokens, m]} in the compute type
     * @param weights {@code [tokens]} in the compute type, or null for ones
     * @param sum     float64 {@code [n, m]}
     */
    default void correlate(Queue queue, Tensor a, Tensor b, Tensor weights, Target sum) {
        Checks.correlate(computeType(), a, b, weights, sum);
        double[] total = HostCopy.accumulator(this, queue, sum);
        HostSolve.correlate(
                HostCopy.readDoubles(this, queue, a),
                HostCopy.readDoubles(this, queue, b),
                weights == null ? null : HostCopy.readDoubles(this, queue, weights),
                total,
                sum.tensor().shape().columns());
        HostCopy.writeDoubles(this, queue, total, sum.tensor());
    }

    /**
     * {@code right = matrix⁻¹ · right}, by Cholesky's factorisation.
     *
     * @param matrix float64 {@code [n, n]}, symmetric and positive definite; what it holds afterwards is undefined
     * @param right  float64 {@code [n, m]}
     * @throws org.espalier.error.Failure if the matrix is not positive definite
     */
    default void solve(Queue queue, Tensor matrix, Tensor right) {
        Checks.solve(matrix, right);
        double[] solution = HostCopy.readDoubles(this, queue, right);
        HostSolve.solve(
                HostCopy.readDoubles(this, queue, matrix),
                solution,
                matrix.shape().rows());
        HostCopy.writeDoubles(this, queue, solution, right);
    }

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /**
         * {@code a} must be {@code [tokens, n]}, {@code b} {@code [tokens, m]}, {@code weights} null or {@code
         * [tokens]} and {@code sum} float64 {@code [n, m]}.
         */
        public static void correlate(DType compute, Tensor a, Tensor b, Tensor weights, Target sum) {
            Operands o = Operands.of("correlate", "a", a, "b", b, "weights", weights, "sum", sum)
                    .rank(a, 2)
                    .rank(b, 2);
            long tokens = a.shape().dim(0);
            o.like(a, compute, a.shape())
                    .is(b, compute, tokens, b.shape().dim(1))
                    .isOrNull(weights, compute, tokens)
                    .is(sum, DType.F64, a.shape().dim(1), b.shape().dim(1));
        }

        /** {@code matrix} must be float64 {@code [n, n]} and {@code right} float64 {@code [n, m]}. */
        public static void solve(Tensor matrix, Tensor right) {
            Operands o = Operands.of("solve", "matrix", matrix, "right", right)
                    .rank(matrix, 2)
                    .rank(right, 2);
            o.is(matrix, DType.F64, matrix.shape().dim(0), matrix.shape().dim(0))
                    .is(right, DType.F64, matrix.shape().dim(0), right.shape().dim(1));
        }
    }
}
