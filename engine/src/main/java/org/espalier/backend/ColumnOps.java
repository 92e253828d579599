package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Columns of matrices: the parts of a fused projection. */
public interface ColumnOps {

    /**
     * {@code target[r, targetAt + c] = beta · target[r, targetAt + c] + source[r, sourceAt + c]} for {@code c} from 0 to
     * {@code columns − 1}; the target's other columns stay as they are. Its derivative is the copy back: into {@code sourceAt}
     * of the source's gradient, out of {@code targetAt} of the target's.
     *
     * @param source  {@code [..., n]}
     * @param sourceAt the first column to copy
     * @param target  {@code [..., m]} with as many rows, all axes but the last counted together; apart from the source
     * @param targetAt where the first column goes
     * @param columns how many are copied
     */
    void copyColumns(Queue queue, Tensor source, long sourceAt, Target target, long targetAt, long columns);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /**
         * {@code source} and {@code target} must have as many rows, all axes but the last counted together, hold the
         * columns that are copied, and have no memory in common.
         */
        public static void copyColumns(
                DType compute, Tensor source, long sourceAt, Target target, long targetAt, long columns) {
            Operands o = Operands.of("copyColumns", "source", source, "target", target)
                    .present(source)
                    .require(target != null, "target is missing");
            Tensor written = target.tensor();
            o.like(source, compute, source.shape())
                    .like(target, compute, written.shape())
                    .require(source.shape().rank() > 0 && written.shape().rank() > 0, "there are no columns")
                    .require(rows(source) == rows(written), "source and target have different numbers of rows")
                    .require(
                            within(sourceAt, columns, source),
                            "source has no columns " + sourceAt + " to " + (sourceAt + columns))
                    .require(
                            within(targetAt, columns, written),
                            "target has no columns " + targetAt + " to " + (targetAt + columns))
                    .apart(written, source);
        }

        /** All axes but the last, counted together. */
        private static long rows(Tensor tensor) {
            long rows = 1;
            for (int axis = 0; axis < tensor.shape().rank() - 1; axis++) {
                rows *= tensor.shape().dim(axis);
            }
            return rows;
        }

        private static boolean within(long first, long columns, Tensor tensor) {
            return first >= 0 && columns >= 0 && first <= tensor.shape().dim(-1) - columns;
        }
    }
}
