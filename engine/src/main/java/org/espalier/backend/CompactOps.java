package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Structured compaction: what is left of a tensor when whole rows and columns are cut out of it. */
public interface CompactOps {

    /**
     * {@code target[i, k] = source[rows[i], columns[k]]}: numbers are copied as they are.
     * <p>
     * In place, where {@code target} begins where {@code source} does in the same buffer, the target is neither longer nor
     * wider than the source, and no row comes from before its own place: {@code rows[i] >= i}, as in any ascending list.
     * Columns may be in any order. It takes other memory of an eighth of the target's rows and at most 8 MiB, or of one row
     * where that is more ({@link InPlace}); the source's bytes behind the target stay as they are. A row from before its
     * place is refused before anything is written where the lists lie in host memory. On a device it stops the work, as a
     * number outside the source does, with a part of the target written. Every other overlap of the target with an operand
     * is refused.
     *
     * @param source  {@code [out, in]}, any plain type
     * @param rows    int32 {@code [kept rows]}, each in {@code [0, out)}, or null for all
     * @param columns int32 {@code [kept columns]}, each in {@code [0, in)}, or null for all
     * @param target  {@code [kept rows, kept columns]}, of the source's type
     * @throws IllegalArgumentException for operands of other shapes or types, overlaps, and numbers that the host sees to be
     *                                  outside what is allowed
     */
    void gather(Queue queue, Tensor source, Tensor rows, Tensor columns, Tensor target);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /** {@code rows} and {@code columns} may be null. */
        public static void gather(Tensor source, Tensor rows, Tensor columns, Tensor target) {
            Operands o = Operands.of("gather", "source", source, "rows", rows, "columns", columns, "target", target)
                    .rank(source, 2)
                    .rank(target, 2);
            o.require(source.type().plain(), "source must be of a plain type");
            long keptRows = target.shape().dim(0);
            long keptColumns = target.shape().dim(1);
            o.isOrNull(rows, DType.I32, keptRows)
                    .isOrNull(columns, DType.I32, keptColumns)
                    .is(
                            target,
                            source.type(),
                            rows == null ? source.shape().dim(0) : keptRows,
                            columns == null ? source.shape().dim(1) : keptColumns);
            if (InPlace.is(source, target)) {
                o.require(
                        keptRows <= source.shape().dim(0)
                                && keptColumns <= source.shape().dim(1),
                        "in place target must be neither longer nor wider than source");
            } else {
                o.apart(target, source);
            }
            o.apart(target, rows).apart(target, columns);
        }
    }
}
