package org.espalier.backend.cpu;

import org.espalier.backend.ColumnOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link Columns} after the checks. */
interface CpuColumns extends ColumnOps, CpuOps {

    @Override
    default void copyColumns(Queue queue, Tensor source, long sourceAt, Target target, long targetAt, long columns) {
        Checks.copyColumns(COMPUTE, source, sourceAt, target, targetAt, columns);
        new Columns(session().pool())
                .copy(
                        place(source, sourceAt),
                        place(target.tensor(), targetAt),
                        target.beta(),
                        source.shape().rows(),
                        Math.toIntExact(columns));
    }

    private static Columns.Place place(Tensor matrix, long first) {
        return new Columns.Place(Segments.of(matrix), matrix.shape().dim(-1), first);
    }
}
