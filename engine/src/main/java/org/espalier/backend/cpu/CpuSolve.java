package org.espalier.backend.cpu;

import org.espalier.backend.Queue;
import org.espalier.backend.SolveOps;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link Correlation} and {@link Cholesky} after the checks. */
interface CpuSolve extends SolveOps, CpuOps {

    @Override
    default void correlate(Queue queue, Tensor a, Tensor b, Tensor weights, Target sum) {
        Checks.correlate(COMPUTE, a, b, weights, sum);
        new Correlation(session().pool(), session().scratch())
                .run(
                        Segments.of(a),
                        Segments.of(b),
                        Segments.orNull(weights),
                        Segments.of(sum),
                        sum.beta(),
                        a.shape().extent(0),
                        a.shape().extent(1),
                        b.shape().extent(1));
    }

    @Override
    default void solve(Queue queue, Tensor matrix, Tensor right) {
        Checks.solve(matrix, right);
        new Cholesky(session().pool())
                .solve(
                        Segments.of(matrix),
                        Segments.of(right),
                        matrix.shape().extent(0),
                        right.shape().extent(1));
    }
}
