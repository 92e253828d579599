package org.espalier.backend;

import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Rows looked up in, and added into, tables. */
public interface EmbeddingOps {

    /**
     * {@code out[t] = table[ids[t]]}.
     *
     * @param ids   int32 {@code [tokens]}, each in {@code [0, vocab)}
     * @param table any stored type {@code [vocab, channels]}
     * @param out   {@code [tokens, channels]}
     */
    void embedding(Queue queue, Tensor ids, Tensor table, Tensor out);

    /** {@code dTable[ids[t]] += dOut[t]}, tokens in ascending order; rows that no id names are left alone. */
    void embeddingBackward(Queue queue, Tensor ids, Tensor dOut, Tensor dTable);

    /**
     * {@code target[rows[t]] = source[t]}: how new keys and values enter a cache.
     *
     * @param source {@code [tokens, ...]}
     * @param rows   int32 {@code [tokens]}, distinct
     * @param target {@code [capacity, ...]}
     */
    void scatterRows(Queue queue, Tensor source, Tensor rows, Tensor target);

    /** {@code target[t] = source[rows[t]]}. */
    void gatherRows(Queue queue, Tensor source, Tensor rows, Tensor target);

    /**
     * What the operations ask of their operands; where that is not met, an {@link IllegalArgumentException} names all of
     * them with their types and shapes. A backend begins each operation with its check.
     */
    final class Checks {

        private Checks() {}

        /**
         * {@code ids} must be int32 {@code [tokens]}, {@code table} {@code [vocab, channels]} of any stored type and
         * {@code out} {@code [tokens, channels]}. Whether the ids are in the table, the operation looks itself.
         */
        public static void embedding(DType compute, Tensor ids, Tensor table, Tensor out) {
            Operands o = Operands.of("embedding", "ids", ids, "table", table, "out", out)
                    .rank(ids, 1)
                    .rank(table, 2);
            o.is(ids, DType.I32, ids.shape().dim(0))
                    .stored(table, table.shape().toArray())
                    .is(out, compute, ids.shape().dim(0), table.shape().dim(1));
        }

        /**
         * {@code ids} must be int32 {@code [tokens]}, {@code dOut} {@code [tokens, channels]} and {@code dTable} {@code
         * [vocab, channels]}.
         */
        public static void embeddingBackward(DType compute, Tensor ids, Tensor dOut, Tensor dTable) {
            Operands o = Operands.of("embeddingBackward", "ids", ids, "dOut", dOut, "dTable", dTable)
                    .rank(ids, 1)
                    .rank(dTable, 2);
            o.is(ids, DType.I32, ids.shape().dim(0))
                    .like(dTable, compute, dTable.shape())
                    .is(dOut, compute, ids.shape().dim(0), dTable.shape().dim(1));
        }

        /**
         * {@code source} must be {@code [tokens, ...]}, {@code rows} int32 {@code [tokens]} and {@code target} {@code
         * [capacity, ...]} of the source's plain type.
         */
        public static void scatterRows(Tensor source, Tensor rows, Tensor target) {
            Operands o = Operands.of("scatterRows", "source", source, "rows", rows, "target", target);
            sameRows(o, source, rows, target);
            o.is(rows, DType.I32, source.shape().dim(0));
        }

        /**
         * {@code source} must be {@code [capacity, ...]} of a plain type, {@code rows} int32 {@code [tokens]} and
         * {@code target} {@code [tokens, ...]} of the source's type.
         */
        public static void gatherRows(Tensor source, Tensor rows, Tensor target) {
            Operands o = Operands.of("gatherRows", "source", source, "rows", rows, "target", target);
            sameRows(o, source, rows, target);
            o.is(rows, DType.I32, target.shape().dim(0));
        }

        private static void sameRows(Operands o, Tensor source, Tensor rows, Tensor target) {
            o.rank(rows, 1).present(source, target);
            o.require(source.shape().rank() > 0, "source must have rows")
                    .rank(target, source.shape().rank());
            o.require(source.type().plain(), "source must be of a plain type");
            long[] dims = source.shape().toArray();
            dims[0] = target.shape().dim(0);
            o.is(target, source.type(), dims);
        }
    }
}
